import { GetShardIteratorCommand, type KinesisClient, type ShardIteratorType } from '@aws-sdk/client-kinesis'
import type { Clock, Position, Read, Reader, Records, RefusedRow } from '@millrace/core'
import { classOf, kinesisError } from '../client/error-class.ts'
import { getRecords } from './get-records.ts'
import type { GetRecordsAnswer } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { type Gap, lostToRetention } from './lost-to-retention.ts'
import { PollPace, type PollRate } from './poll-pace.ts'
import { afterRecord, isRecord, parsePosition, readUpToOf, recordOf, type ShardPosition } from './position.ts'
import { type ShardName, ShardBatch } from './shard-batch.ts'
import { childrenOf, StreamGoneError, type StreamInstance } from './stream-instance.ts'
import { TwoBuffers } from './two-buffers.ts'
import { wait } from './wait.ts'

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

/** No records, but what was lost. */
export function refusal(
  position: Position,
  arrival: number,
  refused: readonly RefusedRow[],
): Records<never, KinesisMeta> {
  const none = new Uint32Array()
  const noRow = (): never => {
    throw new RangeError('there is no row')
  }
  const slab = { bytes: new Uint8Array(), starts: none, ends: none, length: 0 }
  return { type: 'records', slab, arrival, position, positionOf: noRow, metaOf: noRow, refused }
}

/** Records of one call. */
const mostRecords = 10_000
/** A reader tells that it stands at the tip so often. */
const patienceMs = 1_000
/** How exactly positions tell up to when everything was read: less, and an idle shard would write a checkpoint a poll. */
const readUpToMs = 3_600_000

/** Reads a shard by polling it. */
export class PollReader<T> implements Reader<T, KinesisMeta> {
  readonly #client: KinesisClient
  readonly #options: ShardReaderOptions
  readonly #pace: PollPace
  readonly #buffers = new TwoBuffers()
  #position: Position
  #at: ShardPosition
  #iterator: string | undefined
  #isFirst = true
  #batch: ShardBatch | undefined
  #refused: RefusedRow[] = []
  #end: Read<T, KinesisMeta> | undefined
  /** Of the answer that was taken last. */
  #firstNumber: string | undefined
  /** Where the reader stood before it. */
  #before: ShardPosition | undefined

  constructor(client: KinesisClient, options: ShardReaderOptions, rate: PollRate) {
    this.#client = client
    this.#options = options
    this.#pace = new PollPace(rate)
    this.#position = options.position
    this.#at = parsePosition(options.position)
  }

  async read(signal: AbortSignal): Promise<Read<T, KinesisMeta>> {
    const until = performance.now() + patienceMs
    for (;;) {
      const given = this.#give()
      if (given !== undefined) return given
      const untilDue = this.#pace.untilDue(performance.now())
      const left = until - performance.now()
      if (signal.aborted || left < Math.min(untilDue, 1)) return { type: 'idle', position: this.#position }
      await wait(Math.min(untilDue, Math.max(left, 0)), signal)
      if (this.#pace.untilDue(performance.now()) > 0 || signal.aborted) continue
      await this.#poll(signal)
      if (this.#batch?.isEmpty !== false && this.#end === undefined && this.#refused.length === 0)
        return { type: 'idle', position: this.#position }
    }
  }

  async close(): Promise<void> {
    this.#batch = undefined
  }

  /** What an answer has left. */
  #give(): Read<T, KinesisMeta> | undefined {
    const batch = this.#batch
    if (this.#refused.length > 0) return refusal(this.#position, this.#options.clock.now(), this.#refused.splice(0))
    if (batch !== undefined && !batch.isEmpty) {
      const records = batch.take(readUpToOf(this.#at))
      this.#position = records.position
      return records
    }
    this.#batch = undefined
    return this.#end
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const calledAt = performance.now()
    try {
      this.#iterator ??= await this.#newIterator(signal)
      this.#take(await this.#getRecords(this.#iterator, signal), calledAt)
    } catch (error) {
      if (signal.aborted) return
      const kind = classOf(error)
      // an iterator that is refused for its age or its form is asked for again, from where the reader stands
      if (kind === 'position') this.#iterator = undefined
      else if (kind === 'throttle') this.#pace.throttled(performance.now())
      else if (kind === 'gone') await this.#gone(error)
      else throw this.#failed(error, 'GetRecords')
      return
    }
    if (this.#isFirst) await this.#first()
  }

  #getRecords(iterator: string, signal: AbortSignal): Promise<GetRecordsAnswer> {
    return getRecords(this.#client, iterator, mostRecords, (bytes) => this.#buffers.next(bytes), signal)
  }

  #take({ records, nextIterator, millisBehindLatest, childShards }: GetRecordsAnswer, calledAt: number): void {
    const { name, isAggregated, clock, stream } = this.#options
    const bytes = records.length === 0 ? 0 : (records.ends[records.length - 1] ?? 0)
    this.#pace.answered(calledAt, bytes, millisBehindLatest === 0 && records.length < mostRecords)
    this.#iterator = nextIterator
    const from = recordOf(this.#at)
    this.#firstNumber = records.length > 0 ? records.sequenceNumber(0) : undefined
    this.#batch = new ShardBatch(records, name, { isAggregated, from })
    const upTo = Math.floor((clock.now() - millisBehindLatest) / readUpToMs) * readUpToMs
    const last = records.length > 0 ? records.sequenceNumber(records.length - 1) : ''
    this.#before = this.#at
    if (records.length > 0) this.#at = { type: 'after', sequenceNumber: last, sub: undefined, readUpTo: upTo }
    else if (from?.type === 'after') this.#at = { ...from, readUpTo: Math.max(upTo, from.readUpTo ?? 0) }
    if (this.#batch.isEmpty && this.#at.type === 'after')
      this.#position = afterRecord(this.#at.sequenceNumber, this.#at.sub, this.#at.readUpTo)
    if (nextIterator === undefined) this.#end = { type: 'end', children: childrenOf(stream, childShards) }
  }

  /** The record that was read last before is asked for again: if it is gone, others may be, which nobody has read. */
  async #first(): Promise<void> {
    const before = this.#before
    // nothing is there yet to compare with
    if (this.#firstNumber === undefined && this.#end === undefined) return
    this.#isFirst = false
    // nothing was read before
    if (before === undefined || !isRecord(before)) return
    if (this.#firstNumber !== before.sequenceNumber) await this.#lost(before.readUpTo)
  }

  async #lost(readUpTo: number | undefined): Promise<void> {
    const { name, stream, position, clock, onDataLoss } = this.#options
    const gap: Gap = { name, stream: stream.reference, position, readUpTo, now: clock.now() }
    const error = await lostToRetention(this.#client, gap).catch((cause: unknown) => {
      throw this.#failed(cause, 'DescribeStreamSummary')
    })
    if (error === undefined) return
    if (onDataLoss === 'fail') throw error
    this.#refused.push({ position, error, bytes: new Uint8Array() })
  }

  /** A shard that retention has taken, or whose stream was deleted, has no more records. What was not read of it is lost. */
  async #gone(cause: unknown): Promise<void> {
    const error = this.#failed(cause, 'GetRecords')
    if (this.#options.onDataLoss === 'fail') throw error
    this.#refused.push({ position: this.#position, error, bytes: new Uint8Array() })
    this.#end = { type: 'end' }
  }

  async #newIterator(signal: AbortSignal): Promise<string> {
    const { name, stream, isCurrent } = this.#options
    // the shards of a stream created anew have the same names
    if (!(await isCurrent())) throw new StreamGoneError(stream)
    const command = new GetShardIteratorCommand({
      ...stream.reference,
      ShardId: name.shardId,
      ...this.#startOf(this.#at),
    })
    const { ShardIterator } = await this.#client.send(command, { abortSignal: signal })
    return ShardIterator ?? ''
  }

  #startOf(at: ShardPosition): {
    ShardIteratorType: ShardIteratorType
    StartingSequenceNumber?: string
    Timestamp?: Date
  } {
    if (at.type === 'earliest') return { ShardIteratorType: 'TRIM_HORIZON' }
    if (at.type === 'time') return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(at.at) }
    // the first time that record itself, to see whether it is still there, and for the rest of an aggregate
    const isAt = this.#isFirst || at.type === 'at' || at.sub !== undefined
    const ShardIteratorType = isAt ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER'
    return { ShardIteratorType, StartingSequenceNumber: at.sequenceNumber }
  }

  #failed(error: unknown, operation: string): Error {
    const { name } = this.#options
    const { partition, stream, shardId: shard } = name
    return kinesisError('SOURCE', error, { operation, stream, shard, partition, position: this.#position })
  }
}
