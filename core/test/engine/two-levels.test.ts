import { collect, count, from, sum, topology, type Stream, type WindowSpec } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../src/topology/node.ts'
import { runs } from '../support/runs.ts'
import { feed, type Partitions } from './support/feed.ts'
import { oracle, type OracleWindow, type Rec } from './support/oracle.ts'
import { partitioned, schedules } from './support/schedules.ts'
import { unplaced } from './support/unplaced.ts'

const names = ['p', 'q', 'r']

const records = fc
  .array(
    fc.record({
      partition: fc.constantFrom(...names),
      key: fc.constantFrom('a', 'b', 'c'),
      at: fc.nat(80),
      n: fc.integer({ min: -5, max: 5 }),
    }),
    { maxLength: 50 },
  )
  .map((all): Record<string, readonly Rec[]> =>
    partitioned(
      names,
      all.map((record, id) => ({ ...record, id })),
    ),
  )

const inOrder = (partitions: Record<string, readonly Rec[]>): Record<string, readonly Rec[]> =>
  Object.fromEntries(Object.entries(partitions).map(([name, all]) => [name, all.toSorted((a, b) => a.at - b.at)]))

const build = (
  outOfOrderness: number,
  steps: (events: Stream<Rec>) => Readonly<Record<string, Stream<unknown>>>,
): Graph =>
  unplaced(() =>
    topology('levels')
      .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', outOfOrderness, maxAhead: '1d' }) }))
      .build(({ events }) =>
        Object.fromEntries(
          Object.entries(steps(events)).map(([name, stream]) => [name, stream.to(collecting<unknown>())]),
        ),
      )
      .graph({}),
  )

/** Graphs by what they are made for: building and compiling them is most of the work. */
function cached<A extends readonly unknown[]>(make: (...args: A) => Graph): (...args: A) => Graph {
  const made = new Map<string, Graph>()
  return (...args) => {
    const key = JSON.stringify(args)
    const graph = made.get(key) ?? make(...args)
    made.set(key, graph)
    return graph
  }
}

const text = (values: readonly unknown[] | undefined): string[] =>
  (values ?? []).map((value) => JSON.stringify(value)).toSorted()

/** What a window emitted, as a record for the next one. */
const asRecord = ({ key, end, records: held }: OracleWindow, id: number): Rec => ({
  id,
  key,
  at: end - 1,
  n: held.length,
})

const firstSpecs: readonly WindowSpec[] = [
  { kind: 'tumbling', sizeMs: 10 },
  { kind: 'sliding', sizeMs: 30, everyMs: 10 },
  { kind: 'sliding', sizeMs: 12, everyMs: 3 },
  { kind: 'session', gapMs: 7 },
]
const secondSpecs: readonly WindowSpec[] = [
  { kind: 'tumbling', sizeMs: 10 },
  { kind: 'tumbling', sizeMs: 1 },
  { kind: 'sliding', sizeMs: 20, everyMs: 5 },
  { kind: 'session', gapMs: 15 },
]

const twoLevels = cached((first: WindowSpec, second: WindowSpec, outOfOrderness: number) =>
  build(outOfOrderness, (events) => {
    const results = events.keyBy('key').window(first, { name: 'first' }).aggregate({ n: count() })
    const again = results
      .keyBy('key')
      .window(second, { name: 'second' })
      .aggregate({ results: count(), records: sum('n') })
    const all = results.windowAll(second, { name: 'all' }).aggregate({ results: count(), records: sum('n') })
    return { again, all, late: again.late.union(all.late) }
  }),
)

const reduced = cached((spec: WindowSpec, outOfOrderness: number, allowedLateness: number) =>
  build(outOfOrderness, (events) => {
    const sums = events.keyBy('key').reduce(
      () => '',
      (_, record) => JSON.stringify(record),
    )
    const windows = sums
      .map(({ value }) => JSON.parse(value) as Rec)
      .keyBy('key')
      .window(spec, { name: 'second', allowedLateness })
      .aggregate({ n: count(), all: collect() })
    return { windows, late: windows.late }
  }),
)

const lateAgain = cached((spec: WindowSpec, outOfOrderness: number, allowedLateness: number) =>
  build(outOfOrderness, (events) => {
    const first = events.keyBy('key').window(spec, { name: 'first' }).aggregate({ n: count() })
    const second = first.late
      .keyBy('key')
      .window(spec, { name: 'second', allowedLateness })
      .aggregate({ n: count(), all: collect() })
    return { first, second, lost: second.late }
  }),
)

interface Fired {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly n: number
  readonly all: readonly Rec[]
}

/** The last firing of each window. */
const lastOf = (fired: readonly unknown[] | undefined): Fired[] => [
  ...new Map((fired as Fired[]).map((window) => [`${window.key} ${window.start}`, window])).values(),
]
const idsOf = (all: readonly unknown[] | undefined): number[] =>
  (all as Rec[]).map(({ id }) => id).toSorted((a, b) => a - b)
const shown = (
  windows: readonly { readonly key: string; readonly start: number; readonly records: readonly Rec[] }[],
): string[] => text(windows.map(({ key, start, records: held }) => [key, start, idsOf(held)]))
const shownFired = (fired: readonly unknown[] | undefined): string[] =>
  shown(lastOf(fired).map((window) => ({ ...window, records: window.all })))

describe.each(['generated', 'closures'] as const)('windows behind windows, as %s', (form) => {
  test.each(firstSpecs)('take every result of %o, whatever the speed of the partitions', (first) => {
    fc.assert(
      fc.property(
        records,
        schedules(names),
        fc.constantFrom(...secondSpecs),
        fc.constantFrom(0, 3, 15),
        (all, moves, second, outOfOrderness) => {
          // A session of records out of order may fire again as it grows, as often as batches let it.
          const partitions = first.kind === 'session' ? inOrder(all) : all
          const results = oracle(partitions, first, outOfOrderness, 0).windows.map(asRecord)
          const { outputs } = feed(twoLevels(first, second, outOfOrderness), partitions, moves, form)
          for (const [sink, keyed] of [
            ['again', true],
            ['all', false],
          ] as const) {
            const expected = oracle(
              { results: keyed ? results : results.map((result) => ({ ...result, key: '' })) },
              second,
              0,
              Infinity,
            ).windows
            const rows = expected.map(({ key, start, end, records: held }) => ({
              ...(keyed ? { key } : {}),
              start,
              end,
              results: held.length,
              records: held.reduce((total, { n }) => total + n, 0),
            }))
            expect(text(outputs[sink])).toEqual(text(rows))
          }
          expect(outputs['late']).toEqual([])
        },
      ),
      runs(40),
    )
  })

  test('judge what reduce gave as they would judge its records', () => {
    const specs = firstSpecs.filter(({ kind }) => kind !== 'session')
    fc.assert(
      fc.property(
        records,
        schedules(names),
        fc.constantFrom(...specs),
        fc.constantFrom(0, 3, 15),
        fc.constantFrom(0, 5, 25),
        (partitions, moves, spec, outOfOrderness, lateness) => {
          const { windows, late } = oracle(partitions, spec, outOfOrderness, lateness)
          const { outputs } = feed(reduced(spec, outOfOrderness, lateness), partitions, moves, form)
          expect(shownFired(outputs['windows'])).toEqual(shown(windows))
          expect(idsOf(outputs['late'])).toEqual(idsOf(late))
        },
      ),
      runs(40),
    )
  })

  test('judge late records of another window by the partition that they came from', () => {
    const spec: WindowSpec = { kind: 'tumbling', sizeMs: 10 }
    fc.assert(
      fc.property(
        records,
        schedules(names),
        fc.constantFrom(0, 3, 15),
        fc.constantFrom(0, 5, 25),
        (partitions: Partitions, moves, outOfOrderness, lateness) => {
          const all = partitions as Record<string, readonly Rec[]>
          const lost = oracle(all, spec, outOfOrderness, lateness).late
          const late = oracle(all, spec, outOfOrderness, 0).late.filter(
            (record) => !lost.some(({ id }) => id === record.id),
          )
          const { outputs } = feed(lateAgain(spec, outOfOrderness, lateness), partitions, moves, form)
          const second = oracle({ late }, spec, 0, Infinity).windows
          expect(shownFired(outputs['second'])).toEqual(shown(second))
          expect(idsOf(outputs['lost'])).toEqual(idsOf(lost))
        },
      ),
      runs(40),
    )
  })
})

describe.each(['generated', 'closures'] as const)(
  'windows behind sessions of times that are no whole ms, as %s',
  (form) => {
    test('take every result', () => {
      const rec = (at: number, key: string): Rec => ({ id: 0, key, at, n: 1 })
      const graph = twoLevels({ kind: 'session', gapMs: 7 }, { kind: 'tumbling', sizeMs: 1 }, 0)
      const one = { read: 'p', records: 1 }
      const { outputs } = feed(graph, { p: [rec(9.5, 'a'), rec(16.25, 'b'), rec(40, 'b')] }, [one, one, one], form)
      expect(outputs['late']).toEqual([])
      expect(outputs['again']).toHaveLength(3)
    })
  },
)
