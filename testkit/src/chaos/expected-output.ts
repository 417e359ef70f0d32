import { type LoadPlan, outOfOrdernessMs, slotsPerGeneration } from './load/load-plan.ts'
import { groupOfKey, type LoadRecord, loadRecord } from './load/load-record.ts'
import { type Shard, Shards } from './load/shards.ts'
import type { Lines } from '../../crash-files/lines.ts'
import { sizes } from './window-sizes.ts'

/** Sums of a window, of one key. */
interface Sums {
  n: number
  more: number
}

/**
 * What the job of the chaos must have put out once a load of so many generations is done: lines, each with its sink before
 * it. Worked out from the content of the load alone, by a loop that knows nothing of the framework.
 */
export function expectedOutput(plan: LoadPlan, generations: number): Lines {
  const tally = new Tally()
  const shards = new Shards(plan)
  const ended = new Map<string, number>()
  for (const shard of shards.upTo(generations - 1)) {
    const mark = Math.min(...shard.parents.map((id) => ended.get(id) ?? -Infinity))
    let watermark = shard.parents.length === 0 ? -Infinity : mark
    for (const record of recordsOf(plan, shards, shard, generations)) {
      tally.take(record, watermark)
      watermark = Math.max(watermark, record.at - outOfOrdernessMs)
    }
    ended.set(shard.id, watermark)
  }
  return tally.lines()
}

function* recordsOf(plan: LoadPlan, shards: Shards, shard: Shard, generations: number): Generator<LoadRecord> {
  const perGeneration = slotsPerGeneration(plan)
  let { generation } = shard
  for (; generation < generations && shards.has(shard.id, generation); generation++)
    for (let slot = generation * perGeneration; slot < (generation + 1) * perGeneration; slot++)
      for (let lane = shard.lanes[0]; lane < shard.lanes[1]; lane++) yield loadRecord(plan, lane, slot)
}

class Tally {
  readonly #counts = new Windows(sizes.counts)
  readonly #unique = new Windows(sizes.unique)
  readonly #seen = new Set<string>()
  readonly #lines = new Map<string, number>()

  take(record: LoadRecord, watermark: number): void {
    if (!this.#counts.add(record.key, record.at, watermark, 1, record.weight)) this.#line('late', record)
    if (this.#seen.has(record.id)) return
    this.#seen.add(record.id)
    if (!this.#unique.add(record.group, record.at, watermark, 1, record.weight)) this.#line('uniqueLate', record)
  }

  lines(): Lines {
    const groups = new Windows(sizes.groups)
    for (const [key, start, { n, more }] of this.#counts) {
      this.#line('counts', { key, start, end: start + sizes.counts, n, weight: more })
      groups.add(groupOfKey(key), start + sizes.counts - 1, -Infinity, n, 1)
    }
    for (const [group, start, { n, more }] of groups)
      this.#line('groups', { group, start, end: start + sizes.groups, n, keys: more })
    for (const [group, start, { n, more }] of this.#unique)
      this.#line('unique', { group, start, end: start + sizes.unique, n, weight: more })
    return this.#lines
  }

  #line(sink: string, value: object): void {
    const line = `${sink}/ ${JSON.stringify(value)}`
    this.#lines.set(line, (this.#lines.get(line) ?? 0) + 1)
  }
}

class Windows {
  readonly #sizeMs: number
  readonly #starts = new Map<number, Map<string, Sums>>()

  constructor(sizeMs: number) {
    this.#sizeMs = sizeMs
  }

  /** @returns whether it was not late */
  add(key: string, time: number, watermark: number, n: number, more: number): boolean {
    const start = Math.floor(time / this.#sizeMs) * this.#sizeMs
    if (start + this.#sizeMs <= watermark) return false
    const keys = this.#starts.get(start) ?? new Map<string, Sums>()
    this.#starts.set(start, keys)
    const sums = keys.get(key) ?? { n: 0, more: 0 }
    keys.set(key, sums)
    sums.n += n
    sums.more += more
    return true
  }

  *[Symbol.iterator](): Generator<readonly [key: string, start: number, sums: Sums]> {
    for (const [start, keys] of this.#starts) for (const [key, sums] of keys) yield [key, start, sums]
  }
}
