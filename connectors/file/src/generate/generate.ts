import { badOption, MillraceError } from '@millrace/core'
import type {
  Meta,
  Partition,
  PartitionList,
  Position,
  Read,
  Reader,
  Records,
  Source,
  SourceContext,
} from '@millrace/core'
import { wait } from '../reading/wait.ts'
import { Random } from './random.ts'

/** Options of {@link generate}. */
export interface GenerateOptions {
  /** Decides all records. @default 1 */
  readonly seed?: number
  /** How many there are, in all partitions together. @default without end */
  readonly count?: number
  /** Records a second, in all partitions together. @default as fast as they are read */
  readonly rate?: number
  /** Record `i` goes to partition `i % partitions`, so this changes no record. @default 1 */
  readonly partitions?: number
}

/** What is known of a generated record. */
export interface GeneratedMeta extends Meta {
  /** Number of the record, from 0. */
  readonly index: number
}

const mostRecords = 1024
const patienceMs = 1_000
const pauseMs = 10

/**
 * Makes records up, the same for the same seed: for tests, trials and load. `make` gets random numbers of its own for each
 * index, so reading goes on anywhere.
 *
 * @example
 * ```ts
 * from(generate((random, i) => ({ id: i, user: random.below(100) }), { count: 1_000_000 }))
 * ```
 */
export function generate<T>(
  make: (random: Random, index: number) => T,
  options: GenerateOptions = {},
): Source<T, GeneratedMeta> {
  const plan = planOf(options)
  return {
    kind: 'generate',
    description: `generate(seed ${plan.seed}${plan.count === Infinity ? '' : `, ${plan.count} records`})`,
    async *partitions(): AsyncGenerator<PartitionList> {
      yield { partitions: Array.from({ length: plan.partitions }, (_, i) => ({ id: idOf(plan, i) })), final: true }
    },
    resolve: async () => '0',
    open: async (partition, position, context) => new GeneratedReader(make, plan, partition, position, context),
    compare: (a, b) => Number(a) - Number(b),
  }
}

type Plan = Required<GenerateOptions>

function planOf({ seed = 1, count = Infinity, rate = Infinity, partitions = 1 }: GenerateOptions): Plan {
  if (!Number.isSafeInteger(seed)) throw badOption(`generate: \`seed\`: ${seed} is not a whole number`)
  if (!(count >= 0)) throw badOption(`generate: \`count\`: ${count} is not a number of records`)
  if (!(rate > 0)) throw badOption(`generate: \`rate\`: ${rate} is not a number of records a second`)
  if (!(Number.isSafeInteger(partitions) && partitions > 0)) throw badOption('generate: `partitions` must be 1 or more')
  return { seed, count, rate, partitions }
}

const idOf = ({ seed, partitions }: Plan, partition: number): string => `seed${seed}-${partition}/${partitions}`

function numberOf(id: string, plan: Plan): number {
  const number = Number(/-(\d+)\//.exec(id)?.[1])
  if (id === idOf(plan, number)) return number
  throw new MillraceError('SOURCE', `${id} is not a partition of this generator: its seed or partitions changed`)
}

/** Makes the records of one partition; positions are numbers within it. */
class GeneratedReader<T> implements Reader<T, GeneratedMeta> {
  readonly #make: (random: Random, index: number) => T
  readonly #plan: Plan
  readonly #partition: string
  readonly #number: number
  readonly #random: Random
  readonly #context: SourceContext
  /** Where reading began, and when: the rate counts from there. */
  readonly #start: number
  readonly #startedAt: number
  #next: number

  constructor(
    make: (random: Random, index: number) => T,
    plan: Plan,
    { id }: Partition,
    position: Position,
    context: SourceContext,
  ) {
    this.#make = make
    this.#plan = plan
    this.#partition = id
    this.#number = numberOf(id, plan)
    this.#random = new Random(plan.seed)
    this.#context = context
    this.#next = this.#start = Number(position)
    this.#startedAt = context.clock.now()
  }

  async read(signal: AbortSignal): Promise<Read<T, GeneratedMeta>> {
    const end = Math.ceil((this.#plan.count - this.#number) / this.#plan.partitions)
    if (this.#next >= end) return { type: 'end' }
    for (let waited = 0; ; waited += pauseMs) {
      const count = Math.min(this.#due(), end) - this.#next
      if (count > 0) return this.#records(Math.min(count, mostRecords))
      if (waited >= patienceMs || signal.aborted) return { type: 'idle', position: String(this.#next) }
      await wait(pauseMs, signal)
    }
  }

  async close(): Promise<void> {}

  /** Number of the first record whose time has not come. */
  #due(): number {
    const { rate, partitions } = this.#plan
    if (rate === Infinity) return Infinity
    const elapsedMs = this.#context.clock.now() - this.#startedAt
    return this.#start + Math.floor((elapsedMs * rate) / partitions / 1_000)
  }

  #records(count: number): Records<T, GeneratedMeta> {
    const first = this.#next
    const arrival = this.#context.clock.now()
    const indexOf = (row: number): number => (first + row) * this.#plan.partitions + this.#number
    const values = Array.from({ length: count }, (_, row) => this.#make(this.#random.at(indexOf(row)), indexOf(row)))
    this.#next = first + count
    return {
      type: 'records',
      values,
      arrival,
      position: String(first + count),
      positionOf: (row) => String(first + row),
      metaOf: (row) => ({ partition: this.#partition, arrival, index: indexOf(row) }),
    }
  }
}
