import { type Carrier, entriesOf } from './carrier.ts'
import type { Entry } from './entry.ts'
import { Lane, type LaneOptions, type LaneStats } from './lane.ts'
import type { ShardMap } from './shard-map.ts'

/** Where entries are whose shard is not known. */
const unknownShard = ''

/** What was refused of a carrier, and whether for the rate of its shard. */
export interface Refusal {
  readonly carrier: Carrier
  readonly entries: readonly Entry[]
  readonly isThrottle: boolean
}

/** The lanes of a stream, one a shard: everything that waits to be put. */
export class Lanes {
  readonly #map: ShardMap
  readonly #options: LaneOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #stats = new Map<string, LaneStats>()
  /** Number of entries that wait. */
  length = 0
  /** Of entries that wait. */
  bytes = 0
  #turn = 0

  constructor(map: ShardMap, options: LaneOptions) {
    this.#map = map
    this.#options = options
  }

  add(entry: Entry): void {
    this.length++
    this.bytes += entry.bytes
    this.#laneOf(entry.key.hash).add(entry)
  }

  /** When the oldest entry that could be taken was added, as entries say it; Infinity for none. */
  get oldest(): number {
    let oldest = Infinity
    for (const lane of this.#lanes.values()) oldest = Math.min(oldest, lane.oldest)
    return oldest
  }

  /** How long until something can be taken that has waited so long for others, in ms. */
  untilDue(now: number, lingerMs: number): number {
    let least = Infinity
    for (const lane of this.#lanes.values())
      if (lane.length > 0) least = Math.min(least, Math.max(lane.oldest + lingerMs - now, lane.untilOpen(now)))
    return least
  }

  /** As much as one request holds, from each lane in turn, so that one that is long holds back no other. */
  take(now: number, mostRecords: number, mostBytes: number): Carrier[] {
    const lanes = [...this.#lanes.values()]
    const first = this.#turn++ % Math.max(1, lanes.length)
    const turned = [...lanes.slice(first), ...lanes.slice(0, first)]
    const share = Math.max(1, Math.ceil(mostRecords / Math.max(1, lanes.length)))
    const batch: Carrier[] = []
    let bytes = 0
    for (const most of [share, mostRecords])
      for (const lane of turned)
        for (let taken = 0; taken < most && batch.length < mostRecords && bytes < mostBytes; taken++) {
          const carrier = lane.take(now, mostBytes - bytes, batch.length === 0)
          if (carrier === undefined) break
          batch.push(carrier)
          bytes += carrier.bytes
          if (carrier.members === undefined) {
            this.length--
            this.bytes -= carrier.bytes
          } else {
            this.length -= carrier.members.length
            for (const entry of carrier.members) this.bytes -= entry.bytes
          }
        }
    return batch
  }

  settled(carrier: Carrier): void {
    this.#laneFor(carrier).settled(carrier)
  }

  /** A carrier was given up: those that have waited for it may go. */
  released(carrier: Carrier): void {
    this.#laneFor(carrier).released(carrier)
  }

  /** All of one request together, so that they keep their order, and each shard is waited for once. */
  refused(all: readonly Refusal[], now: number): void {
    const lanes = new Map<Lane, { readonly entries: Entry[]; throttled: number }>()
    for (const { carrier, entries, isThrottle } of all) {
      const lane = this.#laneFor(carrier)
      const of = lanes.get(lane) ?? { entries: [], throttled: 0 }
      lanes.set(lane, of)
      if (isThrottle) of.throttled++
      for (const entry of entries) {
        of.entries.push(entry)
        this.length++
        this.bytes += entry.bytes
      }
    }
    for (const [lane, { entries, throttled }] of lanes) lane.refused(entries, now, throttled)
  }

  /** Takes out those that wait and were added at or before a moment, as entries say it. Looks at all. */
  expired(at: number): { readonly expired: readonly Entry[]; readonly oldestLeft: number } {
    const expired: Entry[] = []
    let oldestLeft = Infinity
    for (const lane of this.#lanes.values()) oldestLeft = Math.min(oldestLeft, lane.expire(at, expired))
    this.length -= expired.length
    for (const { bytes } of expired) this.bytes -= bytes
    return { expired, oldestLeft }
  }

  /** The shards are others: what waits goes to their lanes. Nothing may be on its way: it could come back to a lane that is no more. */
  spread(): void {
    const moved: Entry[] = []
    for (const [id, lane] of this.#lanes) {
      if (this.#map.has(id)) continue
      this.#lanes.delete(id)
      for (const entry of lane.clear()) moved.push(entry)
    }
    // what was added to the new lanes in the meantime is later
    if (moved.length > 0) for (const lane of this.#lanes.values()) for (const entry of lane.clear()) moved.push(entry)
    for (const entry of moved) this.#laneOf(entry.key.hash).add(entry)
  }

  /** Those that have waited since a moment hold no other memory than their own. */
  compact(at: number): void {
    for (const lane of this.#lanes.values()) lane.compact(at)
  }

  /** What each shard has taken and refused. */
  stats(): Record<string, LaneStats> {
    const seen = [...this.#stats].filter(([, { records, throttled }]) => records > 0 || throttled > 0)
    return Object.fromEntries(seen.map(([id, stats]) => [id, { ...stats }]))
  }

  /** Those of shards that are known. */
  *known(): Iterable<Lane> {
    for (const [id, lane] of this.#lanes) if (id !== unknownShard) yield lane
  }

  clear(): void {
    this.#lanes.clear()
    this.length = this.bytes = 0
  }

  #laneOf(hash: string): Lane {
    const id = this.#map.find(hash) ?? unknownShard
    let lane = this.#lanes.get(id)
    if (lane === undefined) {
      const stats = this.#stats.get(id) ?? { records: 0, bytes: 0, throttled: 0 }
      this.#stats.set(id, stats)
      // of an aggregate all must belong to one shard; how many shards take these is for the service to say
      const unknown = { aggregateBytes: undefined, recordsPerSecond: Infinity, bytesPerSecond: Infinity }
      const options = id === unknownShard ? { ...this.#options, ...unknown } : this.#options
      lane = new Lane(id, options, stats, performance.now())
      this.#lanes.set(id, lane)
    }
    return lane
  }

  #laneFor(carrier: Carrier): Lane {
    return this.#lanes.get(carrier.shardId) ?? this.#laneOf((entriesOf(carrier)[0] as Entry).key.hash)
  }
}
