import { aggregateOf, bytesInAggregate, type Carrier, emptyAggregateBytes, entriesOf } from './carrier.ts'
import type { Entry } from './entry.ts'
import { Followers } from './followers.ts'
import { bufferOf } from './record-bytes.ts'
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
  /** Whether something had to wait for its rate since somebody has set that back. */
  hasHeldUp = false
  readonly #options: LaneOptions
  readonly #records: TokenBucket
  readonly #bytes: TokenBucket
  /** Those that came back, the last one first: they go before the queue. */
  #back: Entry[] = []
  #queue: Entry[] = []
  #head = 0
  /** Of each key that is queued or on its way, the later ones, oldest first; in order, but without aggregates. */
  readonly #followers = new Map<string, Followers>()
  /** In order and of aggregates, one is on its way at a time. */
  #isOutstanding = false
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
    return this.#isOutstanding ? 0 : this.waiting
  }

  /** When its oldest entry was added, as entries say it; Infinity for one that has nothing to take. */
  get oldest(): number {
    if (this.#isOutstanding) return Infinity
    // one that has waited for its key may come first, and be later
    return Math.min(this.#back.at(-1)?.addedAt ?? Infinity, this.#queue[this.#head]?.addedAt ?? Infinity)
  }

  /** Number of those that wait, also for the shard to take something; those of a key behind another one count as none. */
  get waiting(): number {
    return this.#back.length + this.#queue.length - this.#head
  }

  /** The first of those. */
  first(most: number): Entry[] {
    return [...this.#back.slice(-most).toReversed(), ...this.#queue.slice(this.#head, this.#head + most)].slice(0, most)
  }

  add(entry: Entry): void {
    if (this.#chainsKeys) {
      const { partitionKey } = entry.key
      const followers = this.#followers.get(partitionKey)
      if (followers !== undefined) return followers.add(entry)
      this.#followers.set(partitionKey, new Followers())
    }
    this.#queue.push(entry)
  }

  /** How long until the shard takes something, in ms. */
  untilOpen(now: number): number {
    return Math.max(this.#blockedUntil - now, this.#records.untilOpen(now), this.#bytes.untilOpen(now), 0)
  }

  /**
   * The next record for the shard, of so many bytes at most, but for one that may be larger alone. Undefined where there is none, none yet, or
   * none so small.
   */
  take(now: number, mostBytes: number, mayBeLarger: boolean): Carrier | undefined {
    if (this.length === 0) return undefined
    if (this.#records.untilOpen(now) > 0 || this.#bytes.untilOpen(now) > 0) {
      this.hasHeldUp = true
      return undefined
    }
    if (now < this.#blockedUntil) return undefined
    const carrier = this.#takeCarrier(mostBytes, mayBeLarger)
    if (carrier === undefined) return undefined
    this.#isOutstanding = this.#options.keepsOrder && !this.#chainsKeys
    this.#records.take(1)
    this.#bytes.take(carrier.bytes)
    return carrier
  }

  /** A carrier was put. */
  settled(carrier: Carrier): void {
    this.#failures = 0
    this.stats.records += carrier.members?.length ?? 1
    this.stats.bytes += carrier.bytes
    this.released(carrier)
  }

  /** Those that have waited for these may go. */
  released(carrier: Carrier): void {
    this.#isOutstanding = false
    if (!this.#chainsKeys) return
    for (const { key } of entriesOf(carrier)) {
      const { partitionKey } = key
      const next = this.#followers.get(partitionKey)?.take()
      if (next === undefined) this.#followers.delete(partitionKey)
      else this.#back.push(next)
    }
  }

  /** Entries of one request were refused: they come first, in the order in which they were taken. */
  refused(entries: readonly Entry[], now: number, throttled: number): void {
    this.#isOutstanding = false
    this.stats.throttled += throttled
    // several requests that were under way at once have met the same trouble
    if (now >= this.#blockedUntil) {
      const backOff = Math.min(mostBackOffMs, firstBackOffMs * 2 ** this.#failures)
      this.#failures = Math.min(this.#failures + 1, 10)
      this.#blockedUntil = now + backOff * (0.5 + Math.random() / 2)
    }
    for (let i = entries.length - 1; i >= 0; i--) this.#back.push(entries[i] as Entry)
  }

  /** Takes all that are to be put yet, those of a key in order, as they belong to other lanes now. */
  clear(): Entry[] {
    const all = [...this.#back.toReversed(), ...this.#queue.slice(this.#head)]
    this.#back = []
    this.#queue = []
    this.#head = 0
    if (!this.#chainsKeys) return all
    const later = all.flatMap(({ key: { partitionKey } }) => {
      const followers = this.#followers.get(partitionKey)
      this.#followers.delete(partitionKey)
      return followers?.rest() ?? []
    })
    return [...all, ...later]
  }

  /** Takes out those that were added at or before a moment, into `expired`. @returns when the oldest of those left was added; Infinity for none */
  expire(at: number, expired: Entry[]): number {
    let oldestLeft = Infinity
    const waiting = this.clear()
    // the others wait for one that is on its way
    for (const followers of this.#followers.values()) {
      for (const entry of followers.takeUpTo(at)) expired.push(entry)
      oldestLeft = Math.min(oldestLeft, followers.oldest)
    }
    for (const entry of waiting) {
      if (entry.addedAt <= at) expired.push(entry)
      else {
        this.add(entry)
        oldestLeft = Math.min(oldestLeft, entry.addedAt)
      }
    }
    return oldestLeft
  }

  /** Copies the data of those that were added at or before a moment out of the larger memory that they are a piece of. */
  compact(at: number): void {
    const copy = (entry: Entry | undefined): void => {
      if (entry === undefined || entry.addedAt > at || entry.slab.buffer.byteLength <= entry.end - entry.start) return
      entry.slab = bufferOf(new Uint8Array(entry.slab.subarray(entry.start, entry.end)))
      entry.end -= entry.start
      entry.start = 0
    }
    this.#back.forEach(copy)
    for (let i = this.#head; i < this.#queue.length; i++) copy(this.#queue[i])
    for (const followers of this.#followers.values()) followers.rest().forEach(copy)
  }

  get #chainsKeys(): boolean {
    return this.#options.keepsOrder && this.#options.aggregateBytes === undefined
  }

  get #first(): Entry | undefined {
    return this.#back.at(-1) ?? this.#queue[this.#head]
  }

  #takeCarrier(mostBytes: number, mayBeLarger: boolean): Carrier | undefined {
    const { aggregateBytes, aggregateCount } = this.#options
    if (!mayBeLarger && (this.#first as Entry).bytes > mostBytes) return undefined
    const first = this.#shift()
    first.shardId = this.shardId
    if (aggregateBytes === undefined || first.isAlone) return first
    const most = Math.min(aggregateBytes, mostBytes)
    const entries = [first]
    let bytes = emptyAggregateBytes + bytesInAggregate(first)
    for (let next = this.#first; next !== undefined && entries.length < aggregateCount; next = this.#first) {
      bytes += bytesInAggregate(next)
      if (bytes > most || next.isAlone) break
      entries.push(this.#shift())
    }
    return aggregateOf(entries, this.shardId)
  }

  #shift(): Entry {
    const back = this.#back.pop()
    if (back !== undefined) return back
    const entry = this.#queue[this.#head++] as Entry
    if (this.#head >= 1_024 && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return entry
  }
}
