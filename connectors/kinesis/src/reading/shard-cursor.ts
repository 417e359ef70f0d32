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
import { kinesisError, nameOf } from '../client/error-class.ts'
import { listShards } from '../client/list-shards.ts'
import type { RawRecords } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { leastRetentionMs, lostToRetention } from './lost-to-retention.ts'
import { afterRecord, parsePosition, atTime, recordOf, type ShardPosition } from './position.ts'
import { type ShardName, ShardBatch } from './shard-batch.ts'
import {
  childrenOf,
  type ChildShard,
  StreamGoneError,
  type StreamInstance,
  type StreamState,
} from './stream-instance.ts'

/** A shard, and how it is read. */
export interface ShardOptions {
  readonly name: ShardName
  readonly stream: StreamInstance
  readonly position: Position
  readonly clock: Clock
  /** Fires when the job stops. */
  readonly signal: AbortSignal
  readonly isAggregated: boolean
  /**
   * Asks for the stream; the answer is not older than that, in ms. Undefined where there is none of the name any more, or another one.
   *
   * @throws what the client throws
   */
  readonly describe: (maxAgeMs: number) => Promise<Pick<StreamState, 'retentionMs'> | undefined>
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

const minuteMs = 60_000
/** What is to go so soon may be gone at the next call: an iterator lives for 5 minutes. */
const edgeMs = 15 * minuteMs
/** How exactly positions of an idle shard tell up to when everything was read: more, and it would write a checkpoint a poll. */
const idleStepMs = 5 * minuteMs
/** The clock of the service may be so much behind. */
const skewMs = 5 * minuteMs
/** Which stream has the name is not asked for more often. */
const currentMs = 3_000

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
  /** Whether the last answer had records that were not read before. */
  #hasMoved = false
  /** When the service has said that there is nothing more, by the clock of `performance`. */
  #tipSeenAt = -Infinity

  constructor(client: KinesisClient, options: CursorOptions) {
    this.#client = client
    this.#options = options
    this.#position = options.position
    this.#at = parsePosition(options.position)
  }

  /**
   * Whether retention may have taken what comes next. The service should be told anew where to begin then: it shows whether what was read last
   * is still there. Not after an answer that had nothing new: only its iterator knows how far it came.
   */
  async mayBeOvertaken(): Promise<boolean> {
    if (!this.#hasMoved || this.#behindMs < leastRetentionMs - edgeMs) return false
    const stream = await this.#options.describe(minuteMs)
    return stream === undefined || this.#behindMs > stream.retentionMs - edgeMs
  }

  /** Where to begin. @throws StreamGoneError where another stream has the name: its shards are named alike */
  async start(): Promise<ShardStart> {
    const { stream, describe } = this.#options
    if ((await describe(currentMs)) === undefined) throw new StreamGoneError(stream)
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
    this.#hasMoved = !this.#batch.isEmpty
    this.#tipSeenAt = millisBehindLatest === 0 ? performance.now() : -Infinity
    const last = length > 0 ? records.sequenceNumber(length - 1) : undefined
    this.#move(last, continuation, clock.now() - millisBehindLatest)
    if (children !== undefined) this.#end = { type: 'end', children: childrenOf(stream, children) }
    // an answer without records tells nothing, unless there are none
    if (length > 0 || children !== undefined || millisBehindLatest === 0)
      await this.#seenAgain(length > 0 ? records.sequenceNumber(0) : undefined)
  }

  /**
   * A shard that retention has taken, or whose stream was deleted, has no more records. What was not read of it is lost.
   *
   * @throws MillraceError, to be tried again, where the shard is there all the same: it would never be read again
   */
  async gone(cause: unknown, operation: string): Promise<void> {
    if (await this.#isThere()) throw this.failed(cause, operation)
    this.#report(this.failed(cause, operation), this.#position)
    this.#end = { type: 'end' }
  }

  async #isThere(): Promise<boolean> {
    const { stream, describe, name, signal } = this.#options
    try {
      if ((await describe(currentMs)) === undefined) return false
      const shards = await listShards(this.#client, stream.reference, { signal })
      return shards.some(({ ShardId }) => ShardId === name.shardId)
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return false
      throw this.failed(error, 'ListShards')
    }
  }

  /** An error as the framework is told of it. */
  failed(error: unknown, operation: string): Error {
    const { partition, stream, shardId: shard } = this.#options.name
    return kinesisError('SOURCE', error, { operation, stream, shard, partition, position: this.#position })
  }

  #move(last: string | undefined, continuation: string | undefined, readUpTo: number): void {
    // it is not known yet whether what comes next is lost: a reader that begins anew must find out, too
    if (last === undefined && this.#mustSeeAgain !== undefined) return
    const from = recordOf(this.#at)
    // never out of an aggregate that is not read to its end
    const isWithin = from !== undefined && (from.type === 'at' || from.sub !== undefined)
    const next = last ?? (isWithin ? undefined : continuation)
    const isIdle = !this.#hasMoved && (next === undefined || next === from?.sequenceNumber)
    const step = Math.floor(readUpTo / idleStepMs) * idleStepMs
    const upTo = Math.max(isIdle ? step : readUpTo, from?.readUpTo ?? 0)
    if (next !== undefined) this.#at = { type: 'after', sequenceNumber: next, sub: undefined, readUpTo: upTo }
    else if (from?.type === 'after') this.#at = { ...from, readUpTo: upTo }
    else if (this.#at.type === 'time') this.#at = { type: 'time', at: Math.max(this.#at.at, step - skewMs) }
    else if (this.#at.type === 'earliest' && this.#behindMs === 0) this.#at = { type: 'time', at: step - skewMs }
    if (this.#batch?.isEmpty !== true) return
    const at = this.#at
    if (at.type === 'after') this.#position = afterRecord(at.sequenceNumber, at.sub, at.readUpTo)
    else if (at.type === 'time') this.#position = atTime(at.at)
  }

  async #seenAgain(first: string | undefined): Promise<void> {
    const wanted = this.#mustSeeAgain
    this.#mustSeeAgain = undefined
    if (wanted === undefined || (first !== undefined && wanted.sequenceNumber === first)) return
    const { name, stream, clock } = this.#options
    const { position, readUpTo } = wanted
    // what was rounded down, for an idle shard, may be as much later
    const isRounded = readUpTo !== undefined && readUpTo % idleStepMs === 0
    const slackMs = isRounded ? idleStepMs + (wanted.sequenceNumber === undefined ? skewMs : 0) : 0
    const gap = { name, stream, position, readUpTo, slackMs, now: clock.now() }
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
