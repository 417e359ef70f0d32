import { type KinesisClient, SubscribeToShardCommand, type SubscribeToShardEventStream } from '@aws-sdk/client-kinesis'
import { isMillraceError, type Read, type Reader } from '@millrace/core'
import { classOf, nameOf } from '../client/error-class.ts'
import { ConsumerGoneError, type FanOutConsumer } from './fan-out-consumer.ts'
import { rawOfBytes } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { ShardCursor, type ShardOptions } from './shard-cursor.ts'
import { StreamGoneError } from './stream-instance.ts'
import { wait } from './wait.ts'

/** What subscriptions are made with. */
export interface FanOutClients {
  /** For all but subscriptions. */
  readonly client: KinesisClient
  readonly push: KinesisClient
}

/** A reader tells that it has nothing so often. */
const patienceMs = 1_000
/** Subscriptions tell that there is nothing every few seconds. */
const tipHoldsMs = 10_000
/** A subscription to the same shard is refused so soon after one. */
const exclusiveMs = 5_500

/**
 * Reads a shard by a subscription of enhanced fan-out, and renews it every five minutes. What is not taken is not asked for: the
 * flow control of HTTP/2 holds it back.
 */
export class FanOutReader<T> implements Reader<T, KinesisMeta> {
  readonly #push: KinesisClient
  readonly #consumer: FanOutConsumer
  readonly #options: ShardOptions
  readonly #cursor: ShardCursor
  readonly #closing = new AbortController()
  /** Those of one subscription. */
  #events: AsyncGenerator<SubscribeToShardEventStream> | undefined
  #pending: Promise<IteratorResult<SubscribeToShardEventStream>> | undefined
  #mayAskAt = -Infinity
  /** The consumer that was subscribed with. */
  #arn = ''

  constructor({ client, push }: FanOutClients, consumer: FanOutConsumer, options: ShardOptions) {
    this.#push = push
    this.#consumer = consumer
    this.#options = options
    this.#cursor = new ShardCursor(client, { ...options, tipHoldsMs })
  }

  async read(signal: AbortSignal): Promise<Read<T, KinesisMeta>> {
    const until = performance.now() + patienceMs
    for (;;) {
      const next = this.#cursor.next()
      if (next !== undefined) return next
      const left = until - performance.now()
      if (left <= 0 || signal.aborted) return this.#cursor.nothing(signal)
      await this.#step(left, signal)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#pending?.catch(() => undefined)
    // it may wait for an event that never comes
    void this.#events?.return(undefined).catch(() => undefined)
  }

  /** Waits for one event, so long at most; subscribes before, if there is no subscription. */
  async #step(mostMs: number, signal: AbortSignal): Promise<void> {
    try {
      if (this.#events === undefined) {
        const untilAllowed = this.#mayAskAt - performance.now()
        if (untilAllowed > 0) return await wait(Math.min(untilAllowed, mostMs), signal)
      }
      this.#events ??= this.#subscribe()
      this.#pending ??= this.#events.next()
      const event = await within(this.#pending, mostMs, signal)
      if (event === undefined) return
      this.#pending = undefined
      if (event.done === true) this.#events = undefined
      else await this.#take(event.value)
    } catch (error) {
      this.#events = this.#pending = undefined
      if (!signal.aborted) await this.#recover(error)
    }
  }

  async #recover(error: unknown): Promise<void> {
    this.#cursor.lostTouch()
    const kind = classOf(error)
    if (nameOf(error) === 'ResourceInUseException' || kind === 'throttle')
      this.#mayAskAt = performance.now() + exclusiveMs
    else if (kind !== 'gone') throw isMillraceError(error) ? error : this.#cursor.failed(error, 'SubscribeToShard')
    else if (await this.#isConsumerGone(error))
      throw this.#cursor.failed(new ConsumerGoneError(this.#arn), 'SubscribeToShard')
    else await this.#cursor.gone(error, 'SubscribeToShard')
  }

  /** The service names what is not found in its message alone: the stream, the shard or the consumer. */
  async #isConsumerGone(error: unknown): Promise<boolean> {
    if (error instanceof StreamGoneError) return false
    try {
      // it goes with its stream
      return (await this.#options.describe(0)) !== undefined && (await this.#consumer.isGone(this.#arn))
    } catch (cause) {
      throw this.#cursor.failed(cause, 'DescribeStreamConsumer')
    }
  }

  async *#subscribe(): AsyncGenerator<SubscribeToShardEventStream> {
    const { name, signal } = this.#options
    const { type, sequenceNumber, timestamp } = await this.#cursor.start()
    this.#arn = await this.#consumer.arn(signal)
    const command = new SubscribeToShardCommand({
      ConsumerARN: this.#arn,
      ShardId: name.shardId,
      StartingPosition: {
        Type: type,
        ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
        ...(timestamp !== undefined && { Timestamp: timestamp }),
      },
    })
    const { EventStream = [] } = await this.#push.send(command, { abortSignal: this.#closing.signal })
    yield* EventStream
  }

  async #take({ SubscribeToShardEvent: event }: SubscribeToShardEventStream): Promise<void> {
    if (event === undefined) return
    const { Records = [], MillisBehindLatest = 0, ContinuationSequenceNumber, ChildShards = [] } = event
    const data = Records.map(({ Data = new Uint8Array() }) => Data)
    const bytes = Buffer.allocUnsafe(data.reduce((sum, { length }) => sum + length, 0))
    const arrivals = Records.map((record) => ({
      ...record,
      arrivalMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    }))
    await this.#cursor.take({
      records: rawOfBytes(data, arrivals, bytes),
      millisBehindLatest: MillisBehindLatest,
      continuation: ContinuationSequenceNumber,
      children: ChildShards.length > 0 ? ChildShards : undefined,
    })
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
