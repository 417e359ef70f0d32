import { type KinesisClient, SubscribeToShardCommand, type SubscribeToShardEvent } from '@aws-sdk/client-kinesis'
import { isMillraceError, type Read, type Reader } from '@millrace/core'
import { classOf, nameOf } from '../client/error-class.ts'
import { rawOfBytes } from './get-records-answer.ts'
import type { KinesisMeta } from './kinesis-meta.ts'
import { ShardCursor, type ShardReaderOptions } from './shard-cursor.ts'
import { wait } from './wait.ts'

/** What subscriptions are made with. */
export interface FanOutClients {
  /** For all but subscriptions. */
  readonly client: KinesisClient
  readonly push: KinesisClient
}

/** A reader tells that it has nothing so often. */
const patienceMs = 1_000
/** A subscription to the same shard is refused so soon after one. */
const exclusiveMs = 5_500

/**
 * Reads a shard by a subscription of enhanced fan-out, and renews it every five minutes. What is not taken is not asked for: the
 * flow control of HTTP/2 holds it back.
 */
export class FanOutReader<T> implements Reader<T, KinesisMeta> {
  readonly #push: KinesisClient
  readonly #consumerArn: string
  readonly #shardId: string
  readonly #cursor: ShardCursor
  readonly #closing = new AbortController()
  #events: AsyncIterator<unknown> | undefined
  #pending: Promise<IteratorResult<unknown>> | undefined
  #mayAskAt = -Infinity

  constructor({ client, push }: FanOutClients, consumerArn: string, options: ShardReaderOptions) {
    this.#push = push
    this.#consumerArn = consumerArn
    this.#shardId = options.name.shardId
    this.#cursor = new ShardCursor(client, options)
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
    void this.#events?.return?.().catch(() => undefined)
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
      if (event.done === true) {
        this.#events = undefined
        this.#cursor.lostTouch()
      } else await this.#take(event.value as { SubscribeToShardEvent?: SubscribeToShardEvent })
    } catch (error) {
      this.#events = this.#pending = undefined
      if (!signal.aborted) this.#recover(error)
    }
  }

  #recover(error: unknown): void {
    this.#cursor.lostTouch()
    const kind = classOf(error)
    if (nameOf(error) === 'ResourceInUseException' || kind === 'throttle')
      this.#mayAskAt = performance.now() + exclusiveMs
    else if (kind === 'gone') this.#cursor.gone(error, 'SubscribeToShard')
    else throw isMillraceError(error) ? error : this.#cursor.failed(error, 'SubscribeToShard')
  }

  async #subscribe(): Promise<void> {
    const { type, sequenceNumber, timestamp } = await this.#cursor.start()
    const command = new SubscribeToShardCommand({
      ConsumerARN: this.#consumerArn,
      ShardId: this.#shardId,
      StartingPosition: {
        Type: type,
        ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
        ...(timestamp !== undefined && { Timestamp: timestamp }),
      },
    })
    const { EventStream } = await this.#push.send(command, { abortSignal: this.#closing.signal })
    this.#events = EventStream?.[Symbol.asyncIterator]()
  }

  async #take({ SubscribeToShardEvent: event }: { SubscribeToShardEvent?: SubscribeToShardEvent }): Promise<void> {
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
