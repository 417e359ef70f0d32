import { describe, expect, test } from 'vitest'
import type { Partition, Read, Reader, Source } from '../../src/connector/source.ts'
import { sourceConformance, type SourceUnderTest } from '../../src/testing/source-conformance.ts'
import { brokenRules } from './broken-rules.ts'

const content = [Array.from({ length: 300 }, (_, i) => `a${i}`), Array.from({ length: 7 }, (_, i) => `b${i}`)]
const partitions: Partition[] = content.map((_, i) => ({ id: `p${i}` }))

type Defect = (source: Source<string>) => Partial<Source<string>>

/** A source in memory, whose positions are numbers. */
function source(defect: Defect = () => ({}), isEndless = false): Source<string> {
  const sound: Source<string> = {
    kind: 'memory',
    description: 'memory()',
    async *partitions({ signal }) {
      yield { partitions, final: !isEndless }
      if (isEndless && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    resolve: async () => '0',
    open: async ({ id }, position) => reader(id, Number(position), isEndless),
    compare: (a, b) => Number(a) - Number(b),
  }
  return { ...sound, ...defect(sound) }
}

function reader(id: string, start: number, isEndless: boolean): Reader<string> {
  const values = content[Number(id.slice(1))] ?? []
  let next = start
  return {
    async read(signal): Promise<Read<string>> {
      const from = next
      const batch = values.slice(from, from + 64)
      if (batch.length === 0 && !isEndless) return { type: 'end' }
      if (batch.length === 0) {
        if (!signal.aborted) await new Promise<void>((resolve) => void setTimeout(resolve, 5))
        return { type: 'idle', position: String(next) }
      }
      next += batch.length
      const positionOf = (row: number): string => String(from + row)
      const metaOf = (): { partition: string; arrival: number } => ({ partition: id, arrival: 0 })
      return { type: 'records', values: batch, arrival: 0, position: String(next), positionOf, metaOf }
    },
    close: async () => {},
  }
}

const unreachable: Source<string> = {
  ...source(),
  // oxlint-disable-next-line require-yield
  async *partitions() {
    throw new Error('nobody there')
  },
}

const under = (defect?: Defect, isEndless?: boolean) => async (): Promise<SourceUnderTest<string>> => ({
  source: source(defect, isEndless),
  content,
  unreachable,
})

describe('a sound source', () => {
  sourceConformance({ test, expect, create: under() })
})

describe('a sound source without end', () => {
  sourceConformance({ test, expect, create: under(undefined, true) })
})

/** Changes what a reader gives. */
const reading =
  (change: (read: Read<string>, count: number) => Read<string>): Defect =>
  (sound) => ({
    open: async (...args) => {
      const reader = await sound.open(...args)
      let count = 0
      return { ...reader, read: async (signal) => change(await reader.read(signal), count++) }
    },
  })

const changed = (
  read: Read<string>,
  change: (records: Extract<Read<string>, { type: 'records' }>) => object,
): Read<string> => (read.type === 'records' ? { ...read, ...change(read) } : read)

const defects: [what: string, rule: string, defect: Defect][] = [
  [
    'lists a partition twice',
    'lists partitions under',
    () => ({
      async *partitions() {
        yield { partitions: [...partitions, { id: 'p0 ' }], final: true }
      },
    }),
  ],
  ['loses the first record', 'gives every record once', () => ({ resolve: async () => '1' })],
  [
    'repeats a record where it goes on',
    'goes on behind any batch',
    (sound) => ({ open: (p, position, c) => sound.open(p, String(Math.max(0, Number(position) - 1)), c) }),
  ],
  [
    'stands before its batch',
    'goes on behind any batch',
    reading((read) => changed(read, (records) => ({ position: records.positionOf(0) }))),
  ],
  [
    'names the record after',
    'goes on at any record',
    reading((read) => changed(read, (records) => ({ positionOf: (row: number) => records.positionOf(row + 1) }))),
  ],
  ['orders the wrong way', 'orders positions', () => ({ compare: (a, b) => Number(b) - Number(a) })],
  ['orders as text', 'orders positions', () => ({ compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0) })],
  [
    'names another partition',
    'says where a record',
    reading((read) => changed(read, () => ({ metaOf: () => ({ partition: 'x', arrival: 0 }) }))),
  ],
  [
    'does not say that it ended',
    'says when a partition has ended',
    reading((read) => (read.type === 'end' ? { type: 'idle', position: '0' } : read)),
  ],
  [
    'gives too much at a time',
    'gives every record once',
    reading((read) => changed(read, ({ values }) => ({ values: [...(values ?? []), ...Array(9_000)] }))),
  ],
  ['overwrites what it gave', 'leaves what it handed over', overwriting()],
  ['shares its place between readers', 'keeps readers apart', sharing()],
  [
    'fails to close twice',
    'can be closed at any time',
    (sound) => ({ open: async (...args) => ({ ...(await sound.open(...args)), close: once() }) }),
  ],
]

test.for(defects)('finds a source that %s', async ([, rule, defect]) => {
  const broken = await brokenRules((run) => sourceConformance({ test: run, expect, create: under(defect) }))
  expect(broken.filter((name) => name.startsWith(rule)).length).toBe(1)
})

test('finds a source that hands over records although the signal fired', async () => {
  const deaf = (sound: Source<string>): Partial<Source<string>> => ({
    open: async (partition, position, context) => {
      const reader = await sound.open(partition, position, context)
      const records = { values: ['x'], arrival: 0, position: '0', positionOf: () => '0' }
      const late = { type: 'records' as const, ...records, metaOf: () => ({ partition: partition.id, arrival: 0 }) }
      return { ...reader, read: async (signal) => (signal.aborted ? late : reader.read(signal)) }
    },
  })
  const broken = await brokenRules((run) => sourceConformance({ test: run, expect, create: under(deaf, true) }))
  expect(broken).toContain('stops waiting when the signal fires')
})

test('lists what is skipped with its reason, and asks for what is missing', async () => {
  const skipped: string[] = []
  const run = Object.assign(() => undefined, { skip: (name: string) => skipped.push(name) })
  sourceConformance({ test: run, expect, create: under(), skip: { 'orders positions': 'it has none' } })
  expect(skipped).toEqual(['orders positions (skipped: it has none)'])
  const create = async () => ({ source: source(), content })
  const broken = await brokenRules((each) => sourceConformance({ test: each, expect, create }))
  expect(broken).toEqual(['connects nowhere before it is asked to'])
})

function overwriting(): Defect {
  const given: string[][] = []
  return reading((read) =>
    changed(read, ({ values }) => {
      for (const old of given) old.fill('overwritten')
      const batch = [...(values ?? [])]
      given.push(batch)
      return { values: batch }
    }),
  )
}

function sharing(): Defect {
  const open = new Map<string, Reader<string>>()
  return (sound) => ({
    open: async (partition, position, context) => {
      const known = position === '0' ? open.get(partition.id) : undefined
      const reading = known ?? (await sound.open(partition, position, context))
      open.set(partition.id, reading)
      return reading
    },
  })
}

function once(): () => Promise<void> {
  let isClosed = false
  return async () => {
    if (isClosed) throw new Error('closed twice')
    isClosed = true
  }
}
