import type { KinesisClient } from '@aws-sdk/client-kinesis'
import type { Clock, EndOfPartition, Position, Read, Records, RefusedRow } from '@millrace/core'
import { kinesisError } from '../client/error-class.ts'
import type { RawRecords } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { lostToRetention } from './lost-to-retention.ts'
import { afterRecord, parsePosition, recordOf, type RecordPosition, type ShardPosition } from './position.ts'
import { type ShardName, ShardBatch } from './shard-batch.ts'
import { childrenOf, type ChildShard, StreamGoneError, type StreamInstance } from './stream-instance.ts'

/** What a reader of a shard is given. */
export interface ShardReaderOptions {
  readonly name: ShardName
  readonly stream: StreamInstance
  readonly position: Position
  readonly clock: Clock
  readonly isAggregated: boolean
  /** Whether the stream of that name is still the one that the shard is of. */
  readonly isCurrent: () => Promise<boolean>
  /** What records do that the stream has dropped before they were read. */
  readonly onDataLoss: 'report' | 'fail'
}

/** What a call or an event has brought. */
export interface Fetched {
  readonly records: RawRecords
  readonly millisBehindLatest: number
  /** Where the service goes on, where it says so without a record. */
  readonly continuation?: string | undefined
  /** Given when the shard is closed and this was the last of it. */
  readonly children?: readonly ChildShard[] | undefined
}

/** Where in a shard the service is to begin, in the words of its API. */
export interface ShardStart {
  readonly type: 'TRIM_HORIZON' | 'AT_TIMESTAMP' | 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'
  readonly sequenceNumber?: string
  readonly timestamp?: Date
}

interface SeenRecord {
  readonly record: RecordPosition
  readonly position: Position
}

/** A reader that has fetched nothing for so long sees its last record again, too: retention may have gone past it. */
const pausedMs = 3_600_000
/** How exactly positions tell up to when everything was read: less, and an idle shard would write a checkpoint a poll. */
const readUpToMs = 3_600_000

/**
 * Where the reader of a shard stands: what was fetched, what of it was handed on, and what the stream has dropped in between. However it is
 * fetched is left to the reader.
 */
export class ShardCursor {
  readonly #client: KinesisClient
  readonly #options: ShardReaderOptions
  /** Behind what was fetched. */
  #at: ShardPosition
  /** Behind what was handed on. */
  #position: Position
  #batch: ShardBatch | undefined
  #lost: RefusedRow[] = []
  #end: EndOfPartition | undefined
  /** The record that was read last is to be seen once more, to know that nothing behind it is gone. */
  #mustSeeAgain: SeenRecord | undefined
  #isAtTip = false
  /** In ms since 1970. */
  #fetchedAt: number

  constructor(client: KinesisClient, options: ShardReaderOptions) {
    this.#client = client
    this.#options = options
    this.#position = options.position
    this.#at = parsePosition(options.position)
    this.#mustSeeAgain = this.#seenLast()
    this.#fetchedAt = options.clock.now()
  }

  /** Where to begin. @throws StreamGoneError where another stream has the name: its shards are named alike */
  async start(): Promise<ShardStart> {
    const { stream, isCurrent, clock } = this.#options
    if (!(await isCurrent())) throw new StreamGoneError(stream)
    if (clock.now() - this.#fetchedAt > pausedMs) this.#mustSeeAgain = this.#seenLast()
    const at = this.#at
    if (at.type === 'earliest') return { type: 'TRIM_HORIZON' }
    if (at.type === 'time') return { type: 'AT_TIMESTAMP', timestamp: new Date(at.at) }
    // at it, for the rest of an aggregate, too
    const isAt = this.#mustSeeAgain !== undefined || at.type === 'at' || at.sub !== undefined
    return { type: isAt ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER', sequenceNumber: at.sequenceNumber }
  }

  /** What is to be handed on: losses first, then records, then the end. Undefined for nothing. */
  next(): Read<never, KinesisMeta> | undefined {
    if (this.#lost.length > 0) return this.#noRecords(this.#lost.splice(0))
    const batch = this.#batch
    if (batch !== undefined && !batch.isEmpty) {
      const records = batch.take(recordOf(this.#at)?.readUpTo)
      this.#position = records.position
      return records
    }
    this.#batch = undefined
    return this.#end
  }

  /**
   * The same where there is nothing. Only at the tip a shard is idle: one that gives nothing for another reason may have records, for which
   * windows must wait.
   */
  nothing({ aborted }: AbortSignal): Read<never, KinesisMeta> {
    return this.#isAtTip || aborted ? { type: 'idle', position: this.#position } : this.#noRecords([])
  }

  /** Whether there are records behind what was fetched is not known: the service has refused to say. */
  lostTouch(): void {
    this.#isAtTip = false
  }

  /** Takes what was fetched. @throws MillraceError for what the stream has dropped, if that is to fail */
  async take({ records, millisBehindLatest, continuation, children }: Fetched): Promise<void> {
    const { name, isAggregated, clock, stream } = this.#options
    const { length } = records
    const from = recordOf(this.#at)
    this.#fetchedAt = clock.now()
    this.#batch = new ShardBatch(records, name, { isAggregated, from })
    this.#isAtTip = millisBehindLatest === 0
    const readUpTo = Math.floor((clock.now() - millisBehindLatest) / readUpToMs) * readUpToMs
    this.#move(length > 0 ? records.sequenceNumber(length - 1) : undefined, continuation, readUpTo)
    if (children !== undefined) this.#end = { type: 'end', children: childrenOf(stream, children) }
    if (length > 0 || children !== undefined) await this.#seenAgain(length > 0 ? records.sequenceNumber(0) : undefined)
  }

  /** A shard that retention has taken, or whose stream was deleted, has no more records. What was not read of it is lost. */
  gone(cause: unknown, operation: string): void {
    this.#report(this.failed(cause, operation), this.#position)
    this.#end = { type: 'end' }
  }

  /** An error as the framework is told of it. */
  failed(error: unknown, operation: string): Error {
    const { partition, stream, shardId: shard } = this.#options.name
    return kinesisError('SOURCE', error, { operation, stream, shard, partition, position: this.#position })
  }

  #move(last: string | undefined, continuation: string | undefined, readUpTo: number): void {
    const from = recordOf(this.#at)
    const upTo = Math.max(readUpTo, from?.readUpTo ?? 0)
    if (last !== undefined) this.#at = { type: 'after', sequenceNumber: last, sub: undefined, readUpTo: upTo }
    else if (from?.type === 'after') this.#at = { ...from, readUpTo: upTo }
    // never out of an aggregate that is not read to its end
    const isWithin = from !== undefined && (from.type === 'at' || from.sub !== undefined)
    if (last === undefined && continuation !== undefined && !isWithin)
      this.#at = { type: 'after', sequenceNumber: continuation, sub: undefined, readUpTo: upTo }
    const at = this.#at
    if (this.#batch?.isEmpty === true && at.type === 'after')
      this.#position = afterRecord(at.sequenceNumber, at.sub, at.readUpTo)
  }

  async #seenAgain(first: string | undefined): Promise<void> {
    const wanted = this.#mustSeeAgain
    this.#mustSeeAgain = undefined
    if (wanted === undefined || wanted.record.sequenceNumber === first) return
    const { name, stream, clock } = this.#options
    const { position } = wanted
    const gap = { name, stream: stream.reference, position, readUpTo: wanted.record.readUpTo, now: clock.now() }
    const error = await lostToRetention(this.#client, gap).catch((cause: unknown) => {
      throw this.failed(cause, 'DescribeStreamSummary')
    })
    if (error !== undefined) this.#report(error, position)
  }

  #seenLast(): SeenRecord | undefined {
    const record = recordOf(this.#at)
    return record && { record, position: this.#position }
  }

  #report(error: Error, position: Position): void {
    if (this.#options.onDataLoss === 'fail') throw error
    this.#lost.push({ position, error, bytes: new Uint8Array() })
  }

  #noRecords(refused: readonly RefusedRow[]): Records<never, KinesisMeta> {
    const none = new Uint32Array()
    const noRow = (): never => {
      throw new RangeError('there is no row')
    }
    return {
      type: 'records',
      slab: { bytes: new Uint8Array(), starts: none, ends: none, length: 0 },
      arrival: this.#options.clock.now(),
      position: this.#position,
      positionOf: noRow,
      metaOf: noRow,
      refused,
    }
  }
}
