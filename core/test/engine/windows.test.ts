import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect } from '../../src/aggregates/collect.ts'
import { count } from '../../src/aggregates/count.ts'
import { distinct } from '../../src/aggregates/distinct.ts'
import { first } from '../../src/aggregates/first.ts'
import { last } from '../../src/aggregates/last.ts'
import { max } from '../../src/aggregates/max.ts'
import { mean } from '../../src/aggregates/mean.ts'
import { sum } from '../../src/aggregates/sum.ts'
import { collecting } from '../../src/testing/collecting-sink.ts'
import { scripted } from '../../src/testing/scripted-source.ts'
import { from } from '../../src/topology/from.ts'
import type { Graph } from '../../src/topology/node.ts'
import { topology } from '../../src/topology/topology.ts'
import type { WindowSpec } from '../../src/windows/window-spec.ts'
import { runs } from '../support/runs.ts'
import { feed, type Move } from './support/feed.ts'
import { oracle, type OracleWindow, type Rec } from './support/oracle.ts'
import { partitioned, schedules } from './support/schedules.ts'
import { unplaced } from './support/unplaced.ts'

const specs: readonly WindowSpec[] = [
  { kind: 'tumbling', sizeMs: 10 },
  { kind: 'sliding', sizeMs: 30, everyMs: 10 },
  { kind: 'sliding', sizeMs: 12, everyMs: 3 },
  { kind: 'sliding', sizeMs: 10, everyMs: 10 },
  { kind: 'session', gapMs: 7 },
]

interface Case {
  readonly partitions: Readonly<Record<string, readonly Rec[]>>
  readonly moves: readonly Move[]
  readonly outOfOrderness: number
  readonly lateness: number
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    records: fc.array(
      fc.record({
        partition: fc.constantFrom('p', 'q', 'r'),
        key: fc.constantFrom('a', 'b', 'c'),
        at: fc.nat(80),
        n: fc.integer({ min: -5, max: 5 }),
      }),
      { maxLength: 60 },
    ),
    moves: schedules(['p', 'q', 'r']),
    outOfOrderness: fc.constantFrom(0, 3, 15),
    lateness: fc.constantFrom(0, 5, 25),
  })
  .map(({ records, ...rest }) => {
    const partitions: Record<string, Rec[]> = { p: [], q: [], r: [] }
    records.forEach(({ partition, ...record }, id) => partitions[partition]?.push({ id, ...record }))
    return { partitions, ...rest }
  })

const windowed = (spec: WindowSpec, outOfOrderness: number, allowedLateness: number, invertible: boolean): Graph =>
  unplaced(() => build(spec, outOfOrderness, allowedLateness, invertible))

function build(spec: WindowSpec, outOfOrderness: number, allowedLateness: number, invertible: boolean): Graph {
  const built = topology('oracle')
    .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', outOfOrderness, maxAhead: '1d' }) }))
    .build(({ events }) => {
      const window = events.keyBy('key').window(spec, { allowedLateness })
      const totals = { n: count(), sum: sum('n'), mean: mean('n'), distinct: distinct('n') }
      const fired = invertible
        ? window.aggregate(totals)
        : window.aggregate({ ...totals, ids: collect(), first: first(), last: last(), max: max('n') })
      return { windows: fired.to(collecting<object>()), late: fired.late.to(collecting<Rec>()) }
    })
  return built.graph({})
}

/** What the aggregates of {@link windowed} must give for a window. */
function expectedResult({ key, start, end, records }: OracleWindow, invertible: boolean): object {
  const ns = records.map(({ n }) => n)
  const sums = ns.reduce((a, b) => a + b, 0)
  const totals = { n: records.length, sum: sums, mean: sums / records.length, distinct: new Set(ns).size }
  const plain = records.map(({ id, key: k, at, n }) => ({ id, key: k, at, n }))
  const ordered = invertible ? {} : { ids: plain, first: plain[0], last: plain.at(-1), max: Math.max(...ns) }
  return { key, start, end, ...totals, ...ordered }
}

interface Fired {
  readonly key: string
  readonly start: number
  readonly end: number
}

/** The last word on each window: a later firing replaces one of the same window, or of a session that became part of a longer one. */
function lastFirings(fired: readonly Fired[], spec: WindowSpec): readonly Fired[] {
  const replaces = (later: Fired, earlier: Fired): boolean =>
    later.key === earlier.key &&
    (spec.kind === 'session' ? later.start <= earlier.start && later.end >= earlier.end : later.start === earlier.start)
  return fired.filter((window, i) => !fired.slice(i + 1).some((later) => replaces(later, window)))
}

const byKeyAndStart = (a: unknown, b: unknown): number => {
  const [x, y] = [a as Fired, b as Fired]
  return x.start - y.start || (x.key < y.key ? -1 : x.key > y.key ? 1 : 0)
}

const ids = (records: readonly unknown[]): number[] =>
  records.map((record) => (record as Rec).id).toSorted((a, b) => a - b)

for (const form of ['generated', 'closures'] as const) {
  for (const spec of specs) {
    for (const invertible of [true, false]) {
      describe(`${JSON.stringify(spec)}, ${invertible ? 'aggregates that subtract' : 'all aggregates'}, as ${form}`, () => {
        test('windows hold what an oracle says, whatever the batches, partitions and crashes', () => {
          fc.assert(
            fc.property(cases, ({ partitions, moves, outOfOrderness, lateness }) => {
              const expected = oracle(partitions, spec, outOfOrderness, lateness)
              const fed = feed(windowed(spec, outOfOrderness, lateness, invertible), partitions, moves, form)
              const windows = lastFirings((fed.outputs['windows'] ?? []) as Fired[], spec)
              expect(windows.toSorted(byKeyAndStart)).toEqual(
                expected.windows.map((window) => expectedResult(window, invertible)).toSorted(byKeyAndStart),
              )
              expect(ids(fed.outputs['late'] ?? [])).toEqual(ids(expected.late))
              expect(fed.deadLetters).toEqual([])
            }),
            runs(40),
          )
        })

        test('fires each window once when nothing may come late', () => {
          fc.assert(
            fc.property(cases, ({ partitions, moves, outOfOrderness }) => {
              const fed = feed(windowed(spec, outOfOrderness, 0, invertible), partitions, moves, form)
              const windows = (fed.outputs['windows'] ?? []) as Fired[]
              if (spec.kind !== 'session') expect(lastFirings(windows, spec)).toEqual(windows)
            }),
            runs(20),
          )
        })
      })
    }
  }
}

const twoSources = (spec: WindowSpec, allowedLateness: number): Graph =>
  unplaced(() =>
    topology('union')
      .sources(() => ({
        left: from(scripted<Rec>(), { eventTime: 'at', outOfOrderness: 2, maxAhead: '1d' }),
        right: from(scripted<Rec>(), { eventTime: 'at', outOfOrderness: 20, maxAhead: '1d' }),
      }))
      .build(({ left, right }) => {
        const window = left.union(right).keyBy('key').window(spec, { allowedLateness })
        const fired = window.aggregate({ n: count(), sum: sum('n'), ids: collect(), first: first(), last: last() })
        return { windows: fired.to(collecting<object>()), late: fired.late.to(collecting<Rec>()) }
      })
      .graph({}),
  )

describe.each(['generated', 'closures'] as const)(
  'windows over two sources with partitions of one name, as %s',
  (form) => {
    test('hold what an oracle says, in order, whichever is read first', () => {
      const names = ['left/p', 'right/p', 'right/q']
      const rows = fc.array(
        fc.record({
          partition: fc.constantFrom(...names),
          key: fc.constantFrom('a', 'b'),
          at: fc.nat(60),
          n: fc.integer({ min: -5, max: 5 }),
        }),
        { maxLength: 40 },
      )
      fc.assert(
        fc.property(
          rows,
          schedules(names),
          fc.constantFrom(...specs),
          fc.constantFrom(0, 5, 25),
          (all, moves, spec, lateness) => {
            const partitions = partitioned(
              names,
              all.map((record, id) => ({ ...record, id })),
            )
            const expected = oracle(partitions, spec, (id) => (id === 'left/p' ? 2 : 20), lateness)
            const fed = feed(twoSources(spec, lateness), partitions, moves, form)
            const windows = lastFirings((fed.outputs['windows'] ?? []) as Fired[], spec)
            const rowOf = ({ key, start, end, records }: OracleWindow): object => {
              const ids = records.map(({ id, key: k, at, n }) => ({ id, key: k, at, n }))
              const total = records.reduce((sums, { n }) => sums + n, 0)
              return { key, start, end, n: records.length, sum: total, ids, first: ids[0], last: ids.at(-1) }
            }
            expect(windows.toSorted(byKeyAndStart)).toEqual(expected.windows.map(rowOf).toSorted(byKeyAndStart))
            expect(ids(fed.outputs['late'] ?? [])).toEqual(ids(expected.late))
          },
        ),
        runs(60),
      )
    })
  },
)
