import type { Entry } from './entry.ts'
import type { Lane, LaneStats } from './lane.ts'

/** A shard that takes far more than the others, and holds records up. */
export interface HotShard {
  /** Name or ARN. */
  readonly stream: string
  readonly shardId: string
  /** Of the records or the bytes that were put lately, whichever is more; from 0 to 1. */
  readonly share: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** Records that the service has refused for its rate lately. */
  readonly throttled: number
  /** Records that wait for it. */
  readonly waiting: number
  /** Those that most of these have, and how many of them, from 0 to 1; none where there is none that stands out. */
  readonly keys: readonly { readonly partitionKey: string; readonly share: number }[]
}

const windowMs = 10_000
/** Of what each shard would take, were they even. */
const hotFactor = 1.5
/** A fifth of what a shard takes: what is throttled has breaks. */
const leastRecordsPerSecond = 200
const leastBytesPerSecond = 209_715
const mostLookedAt = 1_000
const mostKeys = 3
const leastShareOfKey = 0.1
const nothing: LaneStats = { records: 0, bytes: 0, throttled: 0 }

/** Looks now and then whether a shard is hot. */
export class HotShards {
  readonly #stream: string
  readonly #told: (hot: HotShard) => void | Promise<void>
  #checkedAt: number
  #before: Readonly<Record<string, LaneStats>> = {}

  constructor(stream: string, told: (hot: HotShard) => void | Promise<void>, now: number) {
    this.#stream = stream
    this.#told = told
    this.#checkedAt = now
  }

  isDue(now: number): boolean {
    return now - this.#checkedAt >= windowMs
  }

  /** `lanes` are those of all open shards that something was put on, `shards` is the number of open shards. */
  check(now: number, lanes: Iterable<Lane>, shards: number): void {
    const seconds = (now - this.#checkedAt) / 1_000
    this.#checkedAt = now
    const all = [...lanes].map((lane) => ({ lane, taken: since(lane.stats, this.#before[lane.shardId] ?? nothing) }))
    this.#before = Object.fromEntries(all.map(({ lane }) => [lane.shardId, { ...lane.stats }]))
    const hasPaused = seconds * 1_000 > 2 * windowMs
    const busy = all.filter(({ lane, taken }) => {
      const holdsUp = lane.hasHeldUp || taken.throttled > 0
      lane.hasHeldUp = false
      return holdsUp && lane.waiting > 0 && isMuch(taken, seconds)
    })
    // of what has ended there is nothing to be told
    if (shards < 2 || hasPaused) return
    const sum = (of: 'records' | 'bytes'): number =>
      Math.max(
        1,
        all.reduce((total, { taken }) => total + taken[of], 0),
      )
    const [records, bytes] = [sum('records'), sum('bytes')]
    for (const { lane, taken } of busy) {
      const share = Math.max(taken.records / records, taken.bytes / bytes)
      if (share < hotFactor / shards) continue
      void this.#tell({
        stream: this.#stream,
        shardId: lane.shardId,
        share,
        recordsPerSecond: taken.records / seconds,
        bytesPerSecond: taken.bytes / seconds,
        throttled: taken.throttled,
        waiting: lane.waiting,
        keys: keysOf(lane.first(mostLookedAt)),
      })
    }
  }

  async #tell(hot: HotShard): Promise<void> {
    try {
      await this.#told(hot)
    } catch (error) {
      // it is the user's, and must not hold up what is put
      process.emitWarning(`onHotShard has failed: ${String(error)}`, 'HotShardWarning')
    }
  }
}

const since = (now: LaneStats, before: LaneStats): LaneStats => ({
  records: now.records - before.records,
  bytes: now.bytes - before.bytes,
  throttled: now.throttled - before.throttled,
})

/** A shard that holds others up by its rate takes at least that; less is chance. */
const isMuch = ({ records, bytes }: LaneStats, seconds: number): boolean =>
  records >= leastRecordsPerSecond * seconds || bytes >= leastBytesPerSecond * seconds

function keysOf(entries: readonly Entry[]): HotShard['keys'] {
  const counts = new Map<string, number>()
  for (const { key } of entries) counts.set(key.partitionKey, (counts.get(key.partitionKey) ?? 0) + 1)
  return Array.from(counts, ([partitionKey, count]) => ({ partitionKey, share: count / entries.length }))
    .filter(({ share }) => share >= leastShareOfKey)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, mostKeys)
}

const warnEveryMs = 600_000

/** Warns of a hot shard, now and then: what is done where nobody listens. */
export function warner(): (hot: HotShard) => void {
  const warnedAt = new Map<string, number>()
  return (hot) => {
    const now = performance.now()
    if (now - (warnedAt.get(hot.shardId) ?? -Infinity) < warnEveryMs) return
    warnedAt.set(hot.shardId, now)
    process.emitWarning(textOf(hot), 'HotShardWarning')
  }
}

function textOf({ stream, shardId, share, throttled, waiting, keys }: HotShard): string {
  const percent = (part: number): string => `${Math.round(part * 100)} %`
  const most = keys.map((key) => `${JSON.stringify(key.partitionKey)} ${percent(key.share)}`).join(', ')
  return (
    `stream ${stream}, shard ${shardId} is hot: it takes ${percent(share)} of all that is put, has refused ${throttled} records, and ${waiting} wait for it` +
    (most === '' ? '; split it' : `, of these keys: ${most}; choose keys that spread, or split it`)
  )
}
