import type { Clock, Read, Reader } from '@millrace/core'
import { type LoadPlan, slotsPerGeneration } from './load-plan.ts'
import { type LoadRecord, loadRecord } from './load-record.ts'
import { loadEnd } from './load-end.ts'
import { paused } from './paused.ts'
import { partitionOf, type Shard, type Shards } from './shards.ts'

/** What a {@link LoadReader} reads. */
export interface LoadReaderOptions {
  readonly plan: LoadPlan
  readonly shards: Shards
  readonly shard: Shard
  /** Where the end of the load is said. */
  readonly folder: string
  readonly clock: Clock
  /** Number of the first record to be read. */
  readonly next: number
}

const mostRecords = 512
const patienceMs = 1_000
const pauseMs = 25

/** Reads one shard; positions are numbers of records in it: slot by slot, in each of them lane by lane. */
export class LoadReader implements Reader<LoadRecord> {
  readonly #options: LoadReaderOptions
  readonly #width: number
  readonly #firstSlot: number
  #next: number

  constructor(options: LoadReaderOptions) {
    const { plan, shard, next } = options
    this.#options = options
    this.#width = shard.lanes[1] - shard.lanes[0]
    this.#firstSlot = shard.generation * slotsPerGeneration(plan)
    this.#next = next
  }

  async read(signal: AbortSignal): Promise<Read<LoadRecord>> {
    for (let waited = 0; ; waited += pauseMs) {
      const due = this.#due()
      if (this.#next < due) return this.#isAtBoundary ? (this.#end() ?? this.#records(due)) : this.#records(due)
      if (waited >= patienceMs || signal.aborted) return { type: 'idle', position: String(this.#next) }
      await paused(pauseMs, signal)
    }
  }

  async close(): Promise<void> {}

  /** Number of the first record whose time has not come. */
  #due(): number {
    const { plan, clock } = this.#options
    const slots = Math.floor((clock.now() - plan.startedAt) / plan.stepMs) + 1
    return (slots - this.#firstSlot) * this.#width
  }

  get #perGeneration(): number {
    return slotsPerGeneration(this.#options.plan) * this.#width
  }

  get #isAtBoundary(): boolean {
    return this.#next > 0 && this.#next % this.#perGeneration === 0
  }

  /** The end of the shard, if that is before the generation that begins. Its time has come, so the end of the load is known. */
  #end(): Read<LoadRecord> | undefined {
    const { shards, shard, folder } = this.#options
    const generation = shard.generation + this.#next / this.#perGeneration
    if (generation >= (loadEnd(folder) ?? Infinity)) return { type: 'end' }
    if (shards.has(shard.id, generation)) return undefined
    return { type: 'end', children: shards.childrenOf(shard.id, generation).map(partitionOf) }
  }

  #records(due: number): Read<LoadRecord> {
    const { shard, clock } = this.#options
    const first = this.#next
    const boundary = (Math.floor(first / this.#perGeneration) + 1) * this.#perGeneration
    const count = Math.min(due, boundary, first + mostRecords) - first
    const arrival = clock.now()
    this.#next = first + count
    return {
      type: 'records',
      values: Array.from({ length: count }, (_, row) => this.#record(first + row)),
      arrival,
      position: String(first + count),
      positionOf: (row) => String(first + row),
      metaOf: () => ({ partition: shard.id, arrival }),
      backlog: Math.max(0, due - first - count),
    }
  }

  #record(index: number): LoadRecord {
    const { plan, shard } = this.#options
    const slot = this.#firstSlot + Math.floor(index / this.#width)
    return loadRecord(plan, shard.lanes[0] + (index % this.#width), slot)
  }
}
