import { encodeEvent, encodeException } from './event-stream.ts'
import type { Faults } from './faults.ts'
import { after, childrenOf, millisBehind, startOf } from './get-operations.ts'
import { consumerOf } from './operations.ts'
import { ServiceError } from './service-error.ts'
import type { StoredShard } from './stored-shard.ts'
import type { StoredConsumer } from './stored-consumers.ts'
import type { StoredStream } from './stored-stream.ts'
import type { StoredStreams } from './stored-streams.ts'

/** What SubscribeToShard is given. */
interface SubscribeInput {
  readonly ConsumerARN?: string
  readonly ShardId?: string
  readonly StartingPosition?: {
    readonly Type?: string
    readonly SequenceNumber?: string
    readonly Timestamp?: number
  }
}

/** Where events go. */
export interface EventOutput {
  /** @returns whether more may follow at once; {@link EventOutput.drained} says when */
  write(bytes: Buffer): boolean
  drained(): Promise<void>
  end(): void
  destroy(): void
  readonly isClosed: boolean
}

const lifetimeMs = 300_000
/** No second subscription to the same shard so soon after one. */
const exclusiveMs = 5_000
const mostRecordsAnEvent = 10_000
const mostBytesAnEvent = 1_048_576
/** An event without records comes so often, so that the consumer has a number to go on from. */
const idleEventMs = 1_000

/** The subscriptions of a server: one a consumer and shard. */
export class Subscriptions {
  readonly #streams: StoredStreams
  readonly #faults: Faults
  readonly #now: () => number
  readonly #open = new Map<string, { readonly stop: () => void }>()
  /** When the last one of a consumer and shard was made: whether it is still open does not matter. */
  readonly #madeAt = new Map<string, number>()

  constructor(streams: StoredStreams, faults: Faults, now: () => number) {
    this.#streams = streams
    this.#faults = faults
    this.#now = now
  }

  /** Number of those that are open. */
  get size(): number {
    return this.#open.size
  }

  /** Checks what it can before anything is answered. @returns what sends the events @throws ServiceError */
  subscribe(input: SubscribeInput): (output: EventOutput) => Promise<void> {
    const { stream, consumer } = consumerOf({ ConsumerARN: input.ConsumerARN ?? '' }, this.#streams)
    const shard = stream.shard(input.ShardId)
    const { Type = '', SequenceNumber, Timestamp } = input.StartingPosition ?? {}
    const next = startOf(shard, Type, SequenceNumber, Timestamp)
    const key = `${consumer.arn} ${shard.id}`
    const now = this.#now()
    if (consumer.status !== 'ACTIVE')
      throw new ServiceError('ResourceInUseException', `Consumer ${consumer.arn} is not ACTIVE`)
    if (now - (this.#madeAt.get(key) ?? -Infinity) < exclusiveMs)
      throw new ServiceError('ResourceInUseException', `Another active subscription exists for this consumer: ${key}`)
    this.#open.get(key)?.stop()
    this.#madeAt.set(key, now)
    const stopping = new AbortController()
    const entry = { stop: () => stopping.abort() }
    this.#open.set(key, entry)
    return async (output) => {
      try {
        await this.#send({ stream, consumer, shard, next, at: now, output, stop: stopping.signal })
      } finally {
        if (this.#open.get(key) === entry) this.#open.delete(key)
      }
    }
  }

  async #send(request: Sending): Promise<void> {
    const { stream, consumer, shard, at, output, stop } = request
    const isServed = (): boolean =>
      !stream.isDeleted && stream.consumers.find({ arn: consumer.arn })?.status === 'ACTIVE'
    output.write(encodeEvent('initial-response', '{}'))
    let { next } = request
    let sentAt = -Infinity
    while (!output.isClosed && !stop.aborted && this.#now() - at < lifetimeMs && isServed()) {
      if (await this.#fails(request)) return
      const { event, end, isEnd } = eventFrom(shard, next, this.#now())
      const hasRecords = end > shard.indexOf(next)
      if (hasRecords || isEnd || performance.now() - sentAt >= idleEventMs) {
        const last = shard.records[end - 1]
        if (hasRecords && last) next = after(last.sequenceNumber)
        sentAt = performance.now()
        if (!output.write(encodeEvent('SubscribeToShardEvent', event))) await output.drained()
        if (isEnd) break
        continue
      }
      await Promise.race([stream.changed(), tick()])
    }
    if (stream.isDeleted)
      output.write(encodeException('ResourceNotFoundException', `Stream ${stream.name} was deleted`))
    output.end()
  }

  async #fails({ stream, shard, output, stop }: Sending): Promise<boolean> {
    const call = { operation: 'SubscribeToShard', stream: stream.name, shard: shard.id }
    const fault = this.#faults.meet(call, ['in stream', 'cut stream', 'silent stream'])
    if (fault?.type === 'cut stream') output.destroy()
    if (fault?.type === 'in stream') {
      output.write(encodeException(fault.code, fault.message ?? 'injected'))
      output.end()
    }
    if (fault?.type === 'silent stream') while (!output.isClosed && !stop.aborted) await tick()
    return fault !== undefined
  }
}

interface Sending {
  readonly stream: StoredStream
  readonly consumer: StoredConsumer
  readonly shard: StoredShard
  readonly next: string
  readonly at: number
  readonly output: EventOutput
  readonly stop: AbortSignal
}

function eventFrom(shard: StoredShard, next: string, now: number): { event: string; end: number; isEnd: boolean } {
  const first = shard.indexOf(next)
  let [end, bytes] = [first, 0]
  while (end < shard.records.length && end - first < mostRecordsAnEvent) {
    bytes += (shard.records[end] as { bytes: number }).bytes
    if (bytes > mostBytesAnEvent && end > first) break
    end++
  }
  const taken = shard.records.slice(first, end)
  const isEnd = shard.closedAt !== undefined && end === shard.records.length
  // an event without records has a number, too: of the last that could have been there
  const number = taken.at(-1)?.sequenceNumber ?? next.replace('!', '')
  const continuation = isEnd ? '' : `"ContinuationSequenceNumber":"${number}",`
  const children = isEnd ? `,"ChildShards":${JSON.stringify(childrenOf(shard))}` : ''
  const event = `{"Records":[${taken.map(({ json }) => json).join(',')}],${continuation}"MillisBehindLatest":${millisBehind(shard, end, now)}${children}}`
  return { event, end, isEnd }
}

/** The clock may be a virtual one: it is looked at now and then. */
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20).unref())
