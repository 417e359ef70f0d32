import type { Partition, PartitionList, Read, Reader, Source, SourceContext } from '@millrace/core'
import type { Chance } from './chance.ts'
import type { SimProcess } from './sim-process.ts'

/** What a simulated record holds. */
export interface SimRecord {
  /** Unique within its stream. */
  readonly id: number
  readonly key: string
  /** Event time, in ms since 1970. */
  readonly at: number
  /** Counts the records of the key, through all partitions that it was in. */
  readonly number: number
}

interface Shard {
  readonly id: string
  readonly parents: readonly string[]
  /** In order, each with when it appears. */
  readonly records: readonly { readonly appears: number; readonly record: SimRecord }[]
  /** When discovery first lists it. */
  readonly listed: number
  readonly children: readonly string[]
}

/** Options of {@link SimStream}. */
export interface SimStreamOptions {
  readonly name: string
  readonly chance: Chance
  readonly partitions: number
  readonly records: number
  /** Over which records appear. */
  readonly spanMs: number
  readonly reshards: boolean
  /** Discovery finds children so much later. */
  readonly lateMs: number
  /** How far event times lie out of order. */
  readonly disorderMs: number
  readonly keys: number
  /** 1970 plus this is the time of the first. */
  readonly from: number
  /** So long nothing appears. @default 0 */
  readonly quietMs?: number
  /** It is deleted and created anew, as others do it, in place of splits and merges. @default false */
  readonly isRecreated?: boolean
  /** One record a partition is of the year 9999. @default false */
  readonly hasStrangeTimes?: boolean
}

/** How {@link SimStream.source} reads. */
export interface SimSourceOptions {
  /** All of it is there, whatever the time. @default false */
  readonly all?: boolean
  /** Where a partition begins. @default at its start */
  readonly startOf?: (partition: string) => string
  /** Records that are not seen. @default none */
  readonly hides?: (record: SimRecord) => boolean
}

/** Far ahead of everything, and no time that anybody means. */
export const strangeTime: number = Date.UTC(9999, 11, 31)

/** A stream outside of all processes: partitions that split and merge, records that appear in time. */
export class SimStream {
  readonly shards: ReadonlyMap<string, Shard>
  readonly name: string
  readonly readFailures: { probability: number } = { probability: 0 }
  readonly #chance: Chance
  readonly #lastListed: number
  readonly #hasStrangeTimes: boolean
  readonly #from: number

  constructor(options: SimStreamOptions) {
    this.name = options.name
    this.#chance = options.chance
    this.#hasStrangeTimes = options.hasStrangeTimes ?? false
    this.#from = options.from
    this.shards = new Map(makeShards(options).map((shard) => [shard.id, shard]))
    this.#lastListed = Math.max(...[...this.shards.values()].map(({ listed }) => listed))
  }

  /** Behind the newest record of a partition, as a source that starts at the latest sees it. */
  latest(partition: string, now: number): string {
    const { records = [] } = this.shards.get(partition) ?? {}
    return String(records.filter(({ appears }) => appears <= now).length)
  }

  /** As a process reads it. */
  source(
    process: Pick<SimProcess, 'timer' | 'elapsed'>,
    { all = false, startOf = () => '0', hides = () => false }: SimSourceOptions = {},
  ): Source<SimRecord> {
    const now = (): number => (all ? Infinity : process.elapsed())
    return {
      kind: 'simulated',
      description: `simulated(${this.name})`,
      partitions: (context) => this.#lists(process, now, context),
      resolve: async ({ id }) => startOf(id),
      open: async (partition, position, { signal }) =>
        this.#reader(seen(this.shards.get(partition.id) as Shard, hides), Number(position), process, now, signal),
      compare: (a, b) => Number(a) - Number(b),
    }
  }

  async *#lists(
    process: Pick<SimProcess, 'timer'>,
    now: () => number,
    { signal }: SourceContext,
  ): AsyncGenerator<PartitionList> {
    while (!signal.aborted) {
      const known = [...this.shards.values()].filter(({ listed }) => listed <= now())
      const final = now() >= this.#lastListed
      yield { partitions: known.map(({ id, parents }) => ({ id, parents })), final }
      if (final) return
      await sleep(process, 700, signal)
    }
  }

  #reader(
    shard: Shard,
    from: number,
    process: Pick<SimProcess, 'timer'>,
    now: () => number,
    stop: AbortSignal,
  ): Reader<SimRecord> {
    let next = from
    return {
      read: async (): Promise<Read<SimRecord>> => {
        await sleep(process, this.#chance.between(1, 20), stop)
        if (this.#chance.is(this.readFailures.probability)) throw new Error(`simulated: ${shard.id} cannot be read`)
        if (next >= shard.records.length) return { type: 'end', children: this.#partitions(shard.children) }
        const first = next
        const taken = this.#appeared(shard, first, now())
        if (taken.length === 0) {
          await sleep(process, 200, stop)
          return { type: 'idle', position: String(next) }
        }
        next += taken.length
        const metaOf = (): { partition: string; arrival: number } => ({ partition: shard.id, arrival: 0 })
        return {
          type: 'records',
          values: taken,
          arrival: this.#arrivalAt(first, shard),
          position: String(next),
          positionOf: (row) => String(first + row),
          metaOf,
        }
      },
      close: async () => undefined,
    }
  }

  /** When a record has reached its stream; without strange times it does not matter. */
  #arrivalAt(first: number, { records }: Shard): number {
    return this.#hasStrangeTimes ? this.#from + (records[first]?.appears ?? 0) : Number.MAX_SAFE_INTEGER / 2
  }

  #appeared({ records }: Shard, from: number, now: number): SimRecord[] {
    const taken: SimRecord[] = []
    const most = this.#chance.whole(1, 30)
    for (let i = from; i < records.length && taken.length < most; i++) {
      const each = records[i]
      if (each === undefined || each.appears > now) break
      taken.push(each.record)
    }
    return taken
  }

  #partitions(ids: readonly string[]): Partition[] {
    return ids.map((id) => ({ id, parents: this.shards.get(id)?.parents ?? [] }))
  }
}

const sleep = (process: Pick<SimProcess, 'timer'>, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = process.timer(ms, end)
    signal.addEventListener('abort', end)
  })

const seen = (shard: Shard, hides: (record: SimRecord) => boolean): Shard => ({
  ...shard,
  records: shard.records.filter(({ record }) => !hides(record)),
})

/** Partitions in generations: those of one split or merge to those of the next, and keys stay with their heirs. */
function makeShards(options: SimStreamOptions): Shard[] {
  const { chance, partitions, reshards, spanMs, lateMs, name, isRecreated = false } = options
  const generations = reshards || isRecreated ? chance.whole(2, 3) : 1
  const numbers = new Map<string, number>()
  const shards: { -readonly [K in keyof Shard]: Shard[K] }[] = []
  let present = Array.from({ length: partitions }, (_, i) => ({
    id: `${name}-0.${i}`,
    parents: [] as string[],
    keys: keysOf(options, i),
  }))
  for (let generation = 0; generation < generations; generation++) {
    const begins = (spanMs / generations) * generation
    const next = generation + 1 < generations ? nextOf(options, generation + 1, present) : []
    for (const { id, parents, keys } of present) {
      const records = recordsOf(options, keys, numbers, begins, spanMs / generations, present.length * generations)
      const children = next.filter((heir) => heir.parents.includes(id)).map((heir) => heir.id)
      // never before its parents: of those that no list names, nothing is left
      const before = shards.filter(({ id: other }) => parents.includes(other)).map((parent) => parent.listed)
      const listed = generation === 0 ? 0 : Math.max(begins + chance.between(0, lateMs), ...before)
      shards.push({ id, parents, records, listed, children })
    }
    present = next
  }
  return shards
}

const keysOf = ({ keys, partitions }: SimStreamOptions, partition: number): string[] =>
  Array.from({ length: keys }, (_, i) => `k${i}`).filter((_, i) => i % partitions === partition)

/** Those of a stream that was created anew are nobody's heirs, though they are numbered alike: their ids tell them apart. */
function nextOf(options: SimStreamOptions, generation: number, present: readonly Heir[]): Heir[] {
  const { chance, name, partitions, isRecreated = false } = options
  if (!isRecreated) return heirsOf(chance, name, generation, present)
  return Array.from({ length: partitions }, (_, i) => ({
    id: `${name}#${generation + 1}-0.${i}`,
    parents: [],
    keys: keysOf(options, i),
  }))
}

interface Heir {
  readonly id: string
  readonly parents: string[]
  readonly keys: string[]
}

function heirsOf(chance: Chance, name: string, generation: number, present: readonly Heir[]): Heir[] {
  const heirs: Heir[] = []
  for (let i = 0; i < present.length; i++) {
    const one = present[i] as Heir
    const other = present[i + 1]
    const id = (): string => `${name}-${generation}.${heirs.length}`
    if (other !== undefined && chance.is(0.4)) {
      heirs.push({ id: id(), parents: [one.id, other.id], keys: [...one.keys, ...other.keys] })
      i++
    } else {
      const half = one.keys.length >> 1
      heirs.push({ id: id(), parents: [one.id], keys: one.keys.slice(0, half) })
      heirs.push({ id: id(), parents: [one.id], keys: one.keys.slice(half) })
    }
  }
  return heirs
}

function recordsOf(
  { chance, records, disorderMs, from, quietMs = 0, hasStrangeTimes = false }: SimStreamOptions,
  keys: readonly string[],
  numbers: Map<string, number>,
  begins: number,
  lengthMs: number,
  shares: number,
): Shard['records'] {
  if (keys.length === 0) return []
  const count = Math.ceil(records / shares)
  const quiet = begins === 0 ? Math.min(quietMs, lengthMs) : 0
  const strange = hasStrangeTimes ? chance.whole(0, count - 1) : -1
  return Array.from({ length: count }, (_, i) => {
    const appears = begins + quiet + ((lengthMs - quiet) * i) / count
    const key = chance.pick(keys)
    const number = (numbers.get(key) ?? 0) + 1
    numbers.set(key, number)
    const meant = Math.max(1, Math.round(from + appears - chance.between(0, disorderMs)))
    const at = i === strange ? strangeTime : meant
    return { appears, record: { id: Math.floor(chance.next() * 2 ** 31), key, at, number } }
  })
}
