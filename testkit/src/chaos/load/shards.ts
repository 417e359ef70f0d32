import type { Partition } from '@millrace/core'
import { seeded } from '../../../random.ts'
import type { LoadPlan } from './load-plan.ts'

/** Some neighbouring lanes, read as one partition from a generation on. */
export interface Shard {
  readonly id: string
  /** The first lane, and the one behind the last. */
  readonly lanes: readonly [from: number, to: number]
  readonly generation: number
  /** Shards that ended where this one begins. */
  readonly parents: readonly string[]
}

const changeShare = 0.5
const mostShards = 6

/** Which shards there are in each generation: some split, some merge, some stay. */
export class Shards {
  readonly #plan: LoadPlan
  readonly #generations: (readonly Shard[])[] = []

  constructor(plan: LoadPlan) {
    this.#plan = plan
  }

  /** Those of a generation, by lane. */
  at(generation: number): readonly Shard[] {
    for (let next = this.#generations.length; next <= generation; next++) this.#generations.push(this.#made(next))
    return this.#generations[generation] ?? []
  }

  /** All that were there up to and with a generation, parents first. */
  upTo(generation: number): readonly Shard[] {
    const shards = new Map<string, Shard>()
    for (let each = 0; each <= generation; each++) for (const shard of this.at(each)) shards.set(shard.id, shard)
    return [...shards.values()]
  }

  /** Whether a shard goes on in a generation. */
  has(id: string, generation: number): boolean {
    return this.at(generation).some((shard) => shard.id === id)
  }

  /** Those that go on in a generation where a shard has ended. */
  childrenOf(id: string, generation: number): readonly Shard[] {
    return this.at(generation).filter(({ parents }) => parents.includes(id))
  }

  #made(generation: number): readonly Shard[] {
    const before = this.#generations[generation - 1]
    if (before === undefined) return ranges(this.#plan.lanes).map((lanes) => shardOf(generation, lanes, []))
    const random = seeded(this.#plan.seed * 7919 + generation)
    const shards: Shard[] = []
    for (let i = 0; i < before.length; i++) {
      const [shard, next] = [before[i], before[i + 1]]
      if (shard === undefined) break
      const [from, to] = shard.lanes
      if (random() >= changeShare) shards.push(shard)
      else if (random() < 0.5 && to - from > 1 && shards.length + before.length - i < mostShards) {
        const middle = from + 1 + Math.floor(random() * (to - from - 1))
        shards.push(shardOf(generation, [from, middle], [shard]), shardOf(generation, [middle, to], [shard]))
      } else if (next && before.length > 2) {
        shards.push(shardOf(generation, [from, next.lanes[1]], [shard, next]))
        i++
      } else shards.push(shard)
    }
    return shards
  }
}

const shardOf = (generation: number, lanes: Shard['lanes'], parents: readonly Shard[]): Shard => ({
  id: `${generation}-${lanes[0]}-${lanes[1]}`,
  lanes,
  generation,
  parents: parents.map(({ id }) => id),
})

/** A shard as a source hands it out. */
export const partitionOf = ({ id, parents }: Shard): Partition => ({ id, parents })

/** Three ranges of lanes, nearly alike. */
const ranges = (lanes: number): Shard['lanes'][] =>
  [0, 1, 2].map((third) => [Math.floor((third * lanes) / 3), Math.floor(((third + 1) * lanes) / 3)])
