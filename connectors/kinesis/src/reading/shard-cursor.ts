import type { KinesisClient } from '@aws-sdk/client-kinesis'
import {
  type Clock,
  type EndOfPartition,
  MillraceError,
  type Position,
  type Read,
  type Records,
  type RefusedRow,
} from '@millrace/core'
import { kinesisError } from '../client/error-class.ts'
import type { RawRecords } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { leastRetentionMs, lostToRetention } from './lost-to-retention.ts'
import { afterRecord, parsePosition, atTime, recordOf, type ShardPosition } from './position.ts'
import { type ShardName, ShardBatch } from './shard-batch.ts'
import { childrenOf, type ChildShard, StreamGoneError, type StreamInstance } from './stream-instance.ts'

/** A shard, and how it is read. */
export interface ShardOptions {
  readonly name: ShardName
  readonly stream: StreamInstance
  readonly position: Position
  readonly clock: Clock
  /** Fires when the job stops. */
  readonly signal: AbortSignal
  readonly isAggregated: boolean
  /** Whether the stream of that name is still the one that the shard is of. */
  readonly isCurrent: () => Promise<boolean>
  /** What records do that the stream has dropped before they were read. */
  readonly onDataLoss: 'report' | 'fail'
}

interface CursorOptions extends ShardOptions {
  /** A shard that had nothing more is taken to have nothing for so long, in ms. */
  readonly tipHoldsMs: number
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

/** What was read, up to where the service is to begin. */
interface ReadSoFar {
  readonly position: Position
  /** The record that was read last, if there is one. */
  readonly sequenceNumber: string | undefined
  /** In ms since 1970. */
  readonly readUpTo: number | undefined
}

/** One that is so far behind may be overtaken by retention between two calls. */
const overtakenMs = leastRetentionMs - 3_600_000
/** How exactly positions tell up to when everything was read: less, and an idle shard would write a checkpoint a poll. */
const readUpToMs = 3_600_000

/**
 * Where the reader of a shard stands: what was fetched, what of it was handed on, and what the stream has dropped in between. However it is
 * fetched is left to the reader.
 */
export class ShardCursor {
  readonly #client: KinesisClient
  readonly #options: CursorOptions
  /** Behind what was fetched. */
  #at: ShardPosition
  /** Behind what was handed on. */
  #position: Position
  #batch: ShardBatch | undefined
  #lost: RefusedRow[] = []
  #end: EndOfPartition | undefined
  /** What was read last is to be seen once more, to know that nothing behind it is gone. */
  #mustSeeAgain: ReadSoFar | undefined
  #behindMs = 0
  /** When the service has said that there is nothing more, by the clock of `performance`. */
  #tipSeenAt = -Infinity

  constructor(client: KinesisClient, options: CursorOptions) {
    this.#client = client
    this.#options = options
    this.#position = options.position
    this.#at = parsePosition(options.position)
  }

  /** So far behind that the service should be told anew where to begin: then it shows whether retention has taken what comes next. */
  get mayBeOvertaken(): boolean {
    return this.#behindMs > overtakenMs
  }

  /** Where to begin. @throws StreamGoneError where another stream has the name: its shards are named alike */
  async start(): Promise<ShardStart> {
    const { stream, isCurrent } = this.#options
    if (!(await isCurrent())) throw new StreamGoneError(stream)
    const at = this.#at
    if (at.type === 'earliest') return { type: 'TRIM_HORIZON' }
    const position = this.#position
    if (at.type === 'time') {
      this.#mustSeeAgain = { position, sequenceNumber: undefined, readUpTo: at.at }
      return { type: 'AT_TIMESTAMP', timestamp: new Date(at.at) }
    }
    const { sequenceNumber, readUpTo } = at
    this.#mustSeeAgain = { position, sequenceNumber, readUpTo }
    return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber }
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
    const isAtTip = performance.now() - this.#tipSeenAt < this.#options.tipHoldsMs
    return isAtTip || aborted ? { type: 'idle', position: this.#position } : this.#noRecords([])
  }

  /** Whether there are records behind what was fetched is not known: the service has refused to say. */
  lostTouch(): void {
    this.#tipSeenAt = -Infinity
  }

  /** Takes what was fetched. @throws MillraceError for what the stream has dropped, if that is to fail */
  async take({ records, millisBehindLatest, continuation, children }: Fetched): Promise<void> {
    const { name, isAggregated, clock, stream } = this.#options
    const { length } = records
    const from = recordOf(this.#at)
    this.#batch = new ShardBatch(records, name, { isAggregated, from })
    this.#behindMs = millisBehindLatest
    this.#tipSeenAt = millisBehindLatest === 0 ? performance.now() : -Infinity
    const readUpTo = Math.floor((clock.now() - millisBehindLatest) / readUpToMs) * readUpToMs
    this.#move(length > 0 ? records.sequenceNumber(length - 1) : undefined, continuation, readUpTo)
    if (children !== undefined) this.#end = { type: 'end', children: childrenOf(stream, children) }
    // an answer without records tells nothing, unless there are none
    if (length > 0 || children !== undefined || millisBehindLatest === 0)
      await this.#seenAgain(length > 0 ? records.sequenceNumber(0) : undefined)
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
    // by the clock of the service: well before what was read up to, and nothing had arrived there
    if (this.#at.type === 'time' && readUpTo - readUpToMs > this.#at.at)
      this.#at = { type: 'time', at: readUpTo - readUpToMs }
    const at = this.#at
    if (this.#batch?.isEmpty !== true) return
    if (at.type === 'after') this.#position = afterRecord(at.sequenceNumber, at.sub, at.readUpTo)
    else if (at.type === 'time') this.#position = atTime(at.at)
  }

  async #seenAgain(first: string | undefined): Promise<void> {
    const wanted = this.#mustSeeAgain
    this.#mustSeeAgain = undefined
    if (wanted === undefined || (first !== undefined && wanted.sequenceNumber === first)) return
    const { name, stream, clock } = this.#options
    const { position, readUpTo } = wanted
    const gap = { name, stream, position, readUpTo, now: clock.now() }
    const error = await lostToRetention(this.#client, gap).catch((cause: unknown) => {
      throw this.failed(cause, 'DescribeStreamSummary')
    })
    if (error !== undefined) this.#report(error, position)
  }

  #report(error: Error, position: Position): void {
    const { onDataLoss, name } = this.#options
    // not to be tried again: it stays lost
    if (onDataLoss === 'fail')
      throw new MillraceError('SOURCE', error.message, { cause: error, partition: name.partition, position })
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
