import type { Clock } from '../clock.ts'
import type { Meta, Partition, Position, Read, Reader, Records, Source, SourceContext } from '../connector/source.ts'
import { seededRandom } from './seeded-random.ts'
import { suiteOf, type RegisterRule, type Skips, type SuiteOptions } from './suite.ts'

/** What a source has to keep; the names of the tests. */
export type SourceRule =
  | 'connects nowhere before it is asked to'
  | 'lists partitions under ids of their own, until the list is final or the signal fires'
  | 'gives every record once, in the order of its partition'
  | 'goes on behind any batch'
  | 'goes on at any record'
  | 'orders positions'
  | 'says where a record comes from'
  | 'leaves what it handed over as it is until the next read'
  | 'keeps readers apart'
  | 'says when a partition has ended, or that it stands at the tip'
  | 'stops waiting when the signal fires'
  | 'can be closed at any time, and twice'

/** A source with something in it. */
export interface SourceUnderTest<T> {
  readonly source: Source<T>
  /** What each partition holds, in its order; partitions in any order. At least one, and some dozen records in all. */
  readonly content: readonly (readonly T[])[]
  /** A source of the same kind with nothing at the other end: listing its partitions must fail. */
  readonly unreachable?: Source<T>
  /** @default one that stands still */
  readonly clock?: Clock
  /** Frees what the source reads from. */
  close?(): Promise<void>
}

/** Arguments of {@link sourceConformance}. */
export interface SourceConformanceOptions<T> extends SuiteOptions {
  /** Makes and fills a source; called once a test. */
  readonly create: () => Promise<SourceUnderTest<T>>
  /** Decides at which records reading is taken up again. @default 1 */
  readonly seed?: number
  /** Rules that cannot be tried, each with the reason. */
  readonly skip?: Skips<SourceRule>
}

/**
 * Checks that a source keeps its contract: that it is inert, that its positions name records for good, and that reading
 * can be taken up again anywhere without losing or repeating one.
 */
export function sourceConformance<T>(options: SourceConformanceOptions<T>): void {
  const random = seededRandom(options.seed ?? 1)
  const rule = suiteOf<SourceRule, Trial<T>>(options, async (check) => {
    const trial = new Trial(await options.create(), random)
    try {
      await check(trial)
    } finally {
      await trial.close()
    }
  })

  content(rule, options)
  positions(rule, options)
  readers(rule, options)
}

type Rules<T> = RegisterRule<SourceRule, Trial<T>>

function content<T>(rule: Rules<T>, { expect }: SourceConformanceOptions<T>): void {
  rule('connects nowhere before it is asked to', async ({ under }) => {
    if (!under.unreachable) throw new Error('give `unreachable`, or the reason why there is none as `skip`')
    expect(typeof under.unreachable.description).toBe('string')
    expect(await fails(firstList(under.unreachable))).toBe(true)
  })

  rule('lists partitions under ids of their own, until the list is final or the signal fires', async (trial) => {
    const partitions = await trial.partitions()
    expect(new Set(partitions.map(({ id }) => id)).size).toBe(partitions.length)
    expect(partitions.length).toBe(trial.under.content.length)
  })

  rule('gives every record once, in the order of its partition', async (trial) => {
    const found = (await trial.readAll()).map(({ values }) => values)
    expect(found.map(textOf).toSorted()).toEqual(trial.under.content.map(textOf).toSorted())
  })
}

function positions<T>(rule: Rules<T>, { expect }: SourceConformanceOptions<T>): void {
  rule('goes on behind any batch', async (trial) => {
    for (const { partition, values, batches } of await trial.readAll()) {
      for (const { position, count } of trial.some(batches)) {
        expect((await trial.read(partition, stored(position), values.length - count)).values).toEqual(
          values.slice(count),
        )
      }
    }
  })

  rule('goes on at any record', async (trial) => {
    for (const { partition, values, positions } of await trial.readAll()) {
      for (const row of trial.some([...positions.keys()])) {
        const rest = await trial.read(partition, stored(positions[row]!), values.length - row)
        expect(rest.values).toEqual(values.slice(row))
        expect(rest.positions).toEqual(positions.slice(row))
      }
    }
  })

  rule('orders positions', async (trial) => {
    const { source } = trial.under
    for (const { positions, start, last } of await trial.readAll()) {
      const all = [...positions, last]
      for (let i = 1; i < all.length; i++) {
        expect(source.compare(all[i - 1]!, all[i]!)).toBeLessThanOrEqual(-Number.MIN_VALUE)
        expect(source.compare(all[i]!, all[i - 1]!)).toBeGreaterThan(0)
      }
      for (const position of all) expect(source.compare(position, position)).toBe(0)
      expect(source.compare(start, all[0]!)).toBeLessThanOrEqual(0)
    }
  })

  rule('says where a record comes from', async (trial) => {
    for (const { partition, metas } of await trial.readAll()) {
      expect(metas.every((meta) => meta.partition === partition.id && Number.isFinite(meta.arrival))).toBe(true)
    }
  })
}

function readers<T>(rule: Rules<T>, { expect }: SourceConformanceOptions<T>): void {
  rule('leaves what it handed over as it is until the next read', async (trial) => {
    const [partition] = await trial.partitions()
    const reader = await trial.open(partition!, await trial.start(partition!))
    const records = await firstRecords(reader, trial.context.signal)
    const before = contentOf(records)
    // Reading through all there is gives the first reader time to overwrite what it must not.
    await trial.readAll()
    expect(contentOf(records)).toEqual(before)
  })

  rule('keeps readers apart', async (trial) => {
    const partitions = await trial.partitions()
    const twice = await Promise.all([...partitions, ...partitions].map((partition) => trial.readFromStart(partition)))
    const { content } = trial.under
    expect(twice.map(({ values }) => textOf(values)).toSorted()).toEqual(
      [...content, ...content].map(textOf).toSorted(),
    )
  })

  rule('says when a partition has ended, or that it stands at the tip', async (trial) => {
    for (const { read, last } of await trial.readOn()) {
      expect(read.type === 'end' || read.type === 'idle').toBe(true)
      if (read.type === 'idle') expect(trial.under.source.compare(read.position, last)).toBe(0)
      // a partition may end of a source that goes on: it was split, or deleted
      if (trial.isFinal) expect(read.type).toBe('end')
    }
  })

  rule('stops waiting when the signal fires', async (trial) => {
    for (const { partition, last } of await trial.readAll()) {
      const stop = new AbortController()
      const reader = await trial.open(partition, last)
      const read = reader.read(stop.signal).catch(() => undefined)
      stop.abort()
      expect((await read)?.type === 'records').toBe(false)
    }
  })

  rule('can be closed at any time, and twice', async (trial) => {
    for (const partition of await trial.partitions()) {
      const unread = await trial.open(partition, await trial.start(partition))
      await unread.close()
      await unread.close()
      const begun = await trial.open(partition, await trial.start(partition))
      await begun.read(trial.context.signal)
      await begun.close()
      await begun.close()
    }
  })
}

/** All that one reader gave. */
interface Run {
  readonly partition: Partition
  readonly start: Position
  readonly values: unknown[]
  /** One a value. */
  readonly positions: Position[]
  readonly metas: Meta[]
  /** After each read: its position, and how many values had come by then. */
  readonly batches: { readonly position: Position; readonly count: number }[]
  readonly last: Position
}

/** One source under test, with all readers that were opened on it. */
class Trial<T> {
  readonly under: SourceUnderTest<T>
  readonly context: SourceContext
  isFinal = false
  readonly #random: () => number
  /** How many records there are. */
  readonly #most: number
  readonly #stop = new AbortController()
  readonly #readers: Reader<T>[] = []

  constructor(under: SourceUnderTest<T>, random: () => number) {
    this.under = under
    this.#random = random
    this.#most = under.content.flat().length
    this.context = { clock: under.clock ?? { now: () => 1_800_000_000_000 }, signal: this.#stop.signal }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    for (const reader of this.#readers) await reader.close()
    await this.under.close?.()
  }

  /** Some of a list, at random, the first and the last among them. */
  some<V>(list: readonly V[]): readonly V[] {
    const rate = 16 / list.length
    return list.filter((_, i) => i === 0 || i === list.length - 1 || this.#random() < rate)
  }

  /** The partitions that hold the content; the list must then end by itself or by the signal. */
  async partitions(): Promise<readonly Partition[]> {
    const { source, content } = this.under
    const stop = new AbortController()
    const known = new Map<string, Partition>()
    for await (const { partitions, final } of source.partitions({ clock: this.context.clock, signal: stop.signal })) {
      for (const partition of partitions) known.set(partition.id, partition)
      this.isFinal = final
      if (known.size >= content.length && !final) stop.abort()
    }
    return [...known.values()]
  }

  start(partition: Partition): Promise<Position> {
    return this.under.source.resolve(partition, this.context)
  }

  async open(partition: Partition, position: Position): Promise<Reader<T>> {
    const reader = await this.under.source.open(partition, position, this.context)
    this.#readers.push(reader)
    return reader
  }

  /** Reads all there is; at the tip of an endless source nobody waits for more. */
  async readAll(): Promise<readonly Run[]> {
    const partitions = await this.partitions()
    const stop = new AbortController()
    let missing = this.#most
    const count = (records: number): void => {
      missing -= records
      if (missing <= 0 && !this.isFinal) stop.abort()
    }
    return Promise.all(partitions.map((partition) => this.readFromStart(partition, stop.signal, count)))
  }

  /** What comes after all that was read. */
  async readOn(): Promise<readonly { readonly read: Read<T>; readonly last: Position }[]> {
    const on = async ({ partition, last }: Run) => ({
      read: await (await this.open(partition, last)).read(this.context.signal),
      last,
    })
    return Promise.all((await this.readAll()).map(on))
  }

  async readFromStart(partition: Partition, signal?: AbortSignal, count?: (records: number) => void): Promise<Run> {
    return this.read(partition, stored(await this.start(partition)), Infinity, signal, count)
  }

  /** Reads until the partition ends, the tip is reached, or `enough` records are there; more of them fail the test. */
  async read(
    partition: Partition,
    start: Position,
    enough: number,
    signal = this.context.signal,
    counted: (records: number) => void = () => undefined,
  ): Promise<Run> {
    const reader = await this.open(partition, start)
    const run = { partition, start, values: [], positions: [], metas: [], batches: [] as Run['batches'] }
    let last = start
    while (run.values.length < enough) {
      const read: Read<T> = await reader.read(signal)
      if (read.type !== 'records') return { ...run, last: read.type === 'idle' ? read.position : last }
      last = read.position
      counted(take(read, this.under.source, run))
      run.batches.push({ position: last, count: run.values.length })
      if (run.values.length > this.#most)
        throw new Error(`${partition.id} gave more than the ${this.#most} records there are`)
    }
    return { ...run, last }
  }
}

function take<T>(read: Records<T>, source: Source<T>, run: Pick<Run, 'values' | 'positions' | 'metas'>): number {
  const { values, rows } = decoded(read, source)
  if (values.length > 8192) throw new Error(`a read gave ${values.length} records; at most a few thousand are allowed`)
  for (const row of rows) {
    run.positions.push(read.positionOf(row))
    run.metas.push(read.metaOf(row))
  }
  run.values.push(...values)
  return values.length
}

function decoded<T>(
  { slab, values = [] }: Records<T>,
  { codec }: Source<T>,
): { values: readonly unknown[]; rows: number[] } {
  if (!slab) return { values, rows: [...values.keys()] }
  if (!codec) throw new Error('the source gives slabs but has no codec')
  const made: unknown[] = []
  const rows = new Int32Array(slab.length)
  const refuse = (row: number, error: unknown): never => {
    throw new Error(`row ${row} was refused`, { cause: error })
  }
  const count = codec.decoder().decode(slab, 0, slab.length, made, rows, refuse)
  return { values: made.slice(0, count), rows: [...rows.subarray(0, count)] }
}

/** What a read handed over, as a copy. */
function contentOf<T>({ slab, values }: Records<T>): unknown {
  if (!slab) return textOf(values ?? [])
  return Array.from({ length: slab.length }, (_, i) => [...slab.bytes.subarray(slab.starts[i], slab.ends[i])])
}

async function firstRecords<T>(reader: Reader<T>, signal: AbortSignal): Promise<Records<T>> {
  for (;;) {
    const read = await reader.read(signal)
    if (read.type === 'records') return read
    if (read.type === 'end') throw new Error('the partition ended without a record')
  }
}

/** A position as it comes back from where it was stored. */
const stored = (position: Position): Position => JSON.parse(JSON.stringify(position)) as Position

const textOf = (values: readonly unknown[]): string => JSON.stringify(values)

async function firstList<T>(source: Source<T>): Promise<void> {
  const signal = new AbortController().signal
  for await (const _ of source.partitions({ clock: { now: () => 0 }, signal })) return
}

async function fails(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => false,
    () => true,
  )
}
