import {
  type KinesisClient,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from '@aws-sdk/client-kinesis'
import type { Position, Read, Reader, RefusedRow } from '@millrace/core'
import { classOf, kinesisError, nameOf } from '../client/error-class.ts'
import { rawOfBytes } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { lostToRetention } from './lost-to-retention.ts'
import { refusal, type ShardReaderOptions } from './poll-reader.ts'
import { afterRecord, parsePosition, readUpToOf, recordOf, type ShardPosition } from './position.ts'
import { ShardBatch } from './shard-batch.ts'
import { childrenOf, StreamGoneError } from './stream-instance.ts'
import { wait } from './wait.ts'

/** What subscriptions are made with. */
export interface FanOutClients {
  /** For all but subscriptions. */
  readonly client: KinesisClient
  readonly push: KinesisClient
}

const patienceMs = 1_000
/** A subscription to the same shard is refused so soon after one. */
const exclusiveMs = 5_500
const readUpToMs = 3_600_000

/**
 * Reads a shard by a subscription of enhanced fan-out, and renews it every five minutes. What is not taken is not asked for: the
 * flow control of HTTP/2 holds it back.
 */
export class FanOutReader<T> implements Reader<T, KinesisMeta> {
  readonly #clients: FanOutClients
  readonly #consumerArn: string
  readonly #options: ShardReaderOptions
  readonly #closing = new AbortController()
  #position: Position
  #at: ShardPosition
  #events: AsyncIterator<unknown> | undefined
  #pending: Promise<IteratorResult<unknown>> | undefined
  #batch: ShardBatch | undefined
  #refused: RefusedRow[] = []
  #end: Read<T, KinesisMeta> | undefined
  #isFirst = true
  #mayAskAt = -Infinity

  constructor(clients: FanOutClients, consumerArn: string, options: ShardReaderOptions) {
    this.#clients = clients
    this.#consumerArn = consumerArn
    this.#options = options
    this.#position = options.position
    this.#at = parsePosition(options.position)
  }

  async read(signal: AbortSignal): Promise<Read<T, KinesisMeta>> {
    const until = performance.now() + patienceMs
    for (;;) {
      const given = this.#give()
      if (given !== undefined) return given
      const left = until - performance.now()
      if (left <= 0 || signal.aborted) return { type: 'idle', position: this.#position }
      await this.#step(left, signal)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#pending?.catch(() => undefined)
    this.#batch = undefined
    // it may wait for an event that never comes
    void this.#events?.return?.().catch(() => undefined)
  }

  #give(): Read<T, KinesisMeta> | undefined {
    if (this.#refused.length > 0) return refusal(this.#position, this.#options.clock.now(), this.#refused.splice(0))
    const batch = this.#batch
    if (batch !== undefined && !batch.isEmpty) {
      const records = batch.take(readUpToOf(this.#at))
      this.#position = records.position
      return records
    }
    this.#batch = undefined
    return this.#end
  }

  /** Waits for one event, so long at most; subscribes before, if there is no subscription. */
  async #step(mostMs: number, signal: AbortSignal): Promise<void> {
    try {
      if (this.#events === undefined) {
        const untilAllowed = this.#mayAskAt - performance.now()
        if (untilAllowed > 0) return await wait(Math.min(untilAllowed, mostMs), signal)
        await this.#subscribe()
      }
      this.#pending ??= (this.#events as AsyncIterator<unknown>).next()
      const event = await within(this.#pending, mostMs, signal)
      if (event === undefined) return
      this.#pending = undefined
      if (event.done === true) this.#events = undefined
      else await this.#take(event.value as { SubscribeToShardEvent?: SubscribeToShardEvent })
    } catch (error) {
      this.#events = this.#pending = undefined
      if (signal.aborted) return
      await this.#recover(error)
    }
  }

  async #recover(error: unknown): Promise<void> {
    const kind = classOf(error)
    if (nameOf(error) === 'ResourceInUseException' || kind === 'throttle')
      this.#mayAskAt = performance.now() + exclusiveMs
    else if (kind === 'gone') {
      const failed = this.#failed(error)
      if (this.#options.onDataLoss === 'fail') throw failed
      this.#refused.push({ position: this.#position, error: failed, bytes: new Uint8Array() })
      this.#end = { type: 'end' }
    } else throw this.#failed(error)
  }

  async #subscribe(): Promise<void> {
    const { stream, isCurrent } = this.#options
    if (!(await isCurrent())) throw new StreamGoneError(stream)
    const command = new SubscribeToShardCommand({
      ConsumerARN: this.#consumerArn,
      ShardId: this.#options.name.shardId,
      StartingPosition: this.#start(),
    })
    const { EventStream } = await this.#clients.push.send(command, { abortSignal: this.#closing.signal })
    this.#events = EventStream?.[Symbol.asyncIterator]()
  }

  #start(): StartingPosition {
    const at = this.#at
    if (at.type === 'earliest') return { Type: 'TRIM_HORIZON' }
    if (at.type === 'time') return { Type: 'AT_TIMESTAMP', Timestamp: new Date(at.at) }
    const isAt = this.#isFirst || at.type === 'at' || at.sub !== undefined
    return { Type: isAt ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER', SequenceNumber: at.sequenceNumber }
  }

  async #take({ SubscribeToShardEvent: event }: { SubscribeToShardEvent?: SubscribeToShardEvent }): Promise<void> {
    if (event === undefined) return
    const { name, isAggregated, stream, clock } = this.#options
    const records = event.Records ?? []
    const data = records.map(({ Data = new Uint8Array() }) => Data)
    const known = records.map((record) => ({
      ...record,
      arrivalMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    }))
    const raw = rawOfBytes(data, known, (bytes) => Buffer.allocUnsafe(bytes))
    const before = this.#at
    const from = recordOf(before)
    this.#batch = new ShardBatch(raw, name, { isAggregated, from })
    const next = records.at(-1)?.SequenceNumber ?? event.ContinuationSequenceNumber
    const upTo = Math.floor((clock.now() - (event.MillisBehindLatest ?? 0)) / readUpToMs) * readUpToMs
    // an event without records moves on, too, but never into an aggregate that is not read to its end
    if (next !== undefined && (records.length > 0 || (from?.sub === undefined && from?.type !== 'at'))) {
      this.#at = { type: 'after', sequenceNumber: next, sub: undefined, readUpTo: Math.max(upTo, from?.readUpTo ?? 0) }
      if (this.#batch.isEmpty && records.length > 0) this.#position = afterRecord(next, undefined, this.#at.readUpTo)
    }
    if (event.ChildShards !== undefined && event.ChildShards.length > 0)
      this.#end = { type: 'end', children: childrenOf(stream, event.ChildShards) }
    const first = records[0]?.SequenceNumber
    if (!this.#isFirst || (first === undefined && this.#end === undefined)) return
    this.#isFirst = false
    if (from !== undefined && first !== from.sequenceNumber) await this.#lost(from.readUpTo)
  }

  async #lost(readUpTo: number | undefined): Promise<void> {
    const { name, stream, position, clock, onDataLoss } = this.#options
    const gap = { name, stream: stream.reference, position, readUpTo, now: clock.now() }
    const error = await lostToRetention(this.#clients.client, gap)
    if (error === undefined) return
    if (onDataLoss === 'fail') throw error
    this.#refused.push({ position, error, bytes: new Uint8Array() })
  }

  #failed(error: unknown): Error {
    const { partition, stream, shardId: shard } = this.#options.name
    const where = { operation: 'SubscribeToShard', stream, shard, partition, position: this.#position }
    return kinesisError('SOURCE', error, where)
  }
}

/** Undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  const stop = new AbortController()
  const waiting = wait(ms, AbortSignal.any([signal, stop.signal])).then(() => undefined)
  try {
    return await Promise.race([promise, waiting])
  } finally {
    stop.abort()
  }
}
