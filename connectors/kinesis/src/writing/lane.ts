import { aggregateOf, bytesInAggregate, type Carrier, carrierOf, emptyAggregateBytes } from './carrier.ts'
import type { Entry } from './entry.ts'
import { TokenBucket } from './token-bucket.ts'

/** What a lane may do. */
export interface LaneOptions {
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** Bytes of an aggregate at most; undefined for none. */
  readonly aggregateBytes: number | undefined
  readonly aggregateCount: number
  /** A later record of a key waits until an earlier one is put. */
  readonly keepsOrder: boolean
}

/** What a lane has seen. */
export interface LaneStats {
  records: number
  bytes: number
  throttled: number
}

const firstBackOffMs = 100
const mostBackOffMs = 5_000
const burstMs = 1_000

/** What goes to one shard, in order, no faster than the shard takes it. */
export class Lane {
  readonly shardId: string
  readonly stats: LaneStats
  readonly #options: LaneOptions
  readonly #records: TokenBucket
  readonly #bytes: TokenBucket
  #queue: Entry[] = []
  #head = 0
  /** Keys on their way, with those that wait for them; of aggregates the whole lane is one. */
  readonly #outstanding = new Map<string, Entry[]>()
  #blockedUntil = -Infinity
  #failures = 0

  /** `stats` outlive it. */
  constructor(shardId: string, options: LaneOptions, stats: LaneStats, now: number) {
    this.shardId = shardId
    this.stats = stats
    this.#options = options
    this.#records = new TokenBucket(options.recordsPerSecond, burstMs, now)
    this.#bytes = new TokenBucket(options.bytesPerSecond, burstMs, now)
  }

  /** Number of those that could be taken, were the shard to take them. */
  get length(): number {
    return this.#queue.length - this.#head
  }

  /** When its oldest entry was added, in ms since 1970; Infinity for an empty one. */
  get oldest(): number {
    return this.#queue[this.#head]?.addedAt ?? Infinity
  }

  add(entry: Entry): void {
    const waiting = this.#options.keepsOrder ? this.#outstanding.get(this.#orderKey(entry)) : undefined
    if (waiting !== undefined) waiting.push(entry)
    else this.#queue.push(entry)
  }

  /** How long until the shard takes something, in ms. */
  untilOpen(now: number): number {
    return Math.max(this.#blockedUntil - now, this.#records.untilOpen(now), this.#bytes.untilOpen(now), 0)
  }

  /** The next record for the shard; undefined where there is none, or none yet. */
  take(now: number): Carrier | undefined {
    while (this.length > 0 && this.untilOpen(now) === 0) {
      const entries = this.#takeEntries()
      if (entries.length === 0) continue
      const carrier =
        this.#options.aggregateBytes === undefined
          ? carrierOf(entries[0] as Entry, this.shardId)
          : aggregateOf(entries, this.shardId)
      this.#records.take(1)
      this.#bytes.take(carrier.bytes)
      return carrier
    }
    return undefined
  }

  /** A carrier was put, or given up. */
  settled({ entries, bytes }: Carrier): void {
    this.#failures = 0
    this.stats.records += entries.length
    this.stats.bytes += bytes
    this.released(entries)
  }

  /** Those that have waited for these may go. */
  released(entries: readonly Entry[]): void {
    if (!this.#options.keepsOrder) return
    for (const key of new Set(entries.map((entry) => this.#orderKey(entry)))) {
      const waiting = this.#outstanding.get(key) ?? []
      this.#outstanding.delete(key)
      this.#putBack(waiting)
    }
  }

  /** A carrier was refused: its entries come first, before those that wait for them. */
  refused({ entries }: Carrier, now: number, isThrottle: boolean): void {
    if (isThrottle) this.stats.throttled++
    const backOff = Math.min(mostBackOffMs, firstBackOffMs * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    this.#blockedUntil = Math.max(this.#blockedUntil, now + backOff * (0.5 + Math.random() / 2))
    if (!this.#options.keepsOrder) return this.#putBack(entries)
    for (const key of new Set(entries.map((entry) => this.#orderKey(entry)))) {
      const own = entries.filter((entry) => this.#orderKey(entry) === key)
      const waiting = this.#outstanding.get(key) ?? []
      this.#outstanding.delete(key)
      this.#putBack([...own, ...waiting])
    }
  }

  /** Takes all that are to be put yet, in order, as they belong to other lanes now. */
  clear(): Entry[] {
    const all = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    return all
  }

  #takeEntries(): Entry[] {
    const { aggregateBytes, aggregateCount, keepsOrder } = this.#options
    const entries: Entry[] = []
    let bytes = emptyAggregateBytes
    while (this.length > 0) {
      const entry = this.#queue[this.#head] as Entry
      const size = bytesInAggregate(entry)
      if (
        entries.length > 0 &&
        (aggregateBytes === undefined || bytes + size > aggregateBytes || entries.length >= aggregateCount)
      )
        break
      this.#shift()
      const waiting = keepsOrder ? this.#outstanding.get(this.#orderKey(entry)) : undefined
      if (waiting !== undefined && entries.length === 0) waiting.push(entry)
      else {
        if (keepsOrder && waiting === undefined) this.#outstanding.set(this.#orderKey(entry), [])
        entries.push(entry)
        bytes += size
      }
    }
    return entries
  }

  #shift(): void {
    this.#head++
    if (this.#head < 1_024 || this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  #putBack(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    this.#queue = [...entries, ...this.#queue.slice(this.#head)]
    this.#head = 0
  }

  #orderKey({ partitionKey }: Entry): string {
    return this.#options.aggregateBytes === undefined ? partitionKey : ''
  }
}
