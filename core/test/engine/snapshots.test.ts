import {
  collect,
  count,
  distinct,
  first,
  from,
  last,
  list,
  mapState,
  max,
  mean,
  session,
  sliding,
  sum,
  topology,
  tumbling,
  type,
  value,
} from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Graph } from '../../src/topology/node.ts'
import { rec, type Rec } from '../operators/support/windowed.ts'
import { runs } from '../support/runs.ts'
import { feed, type Move } from './support/feed.ts'
import { partitioned, schedules } from './support/schedules.ts'
import { unplaced } from './support/unplaced.ts'

/** One of every operator that keeps state, with all that it can do. */
const everything = (outOfOrderness: number): Graph =>
  unplaced(() =>
    topology('everything')
      .sources(() => ({ events: from(scripted<Rec>(), { eventTime: 'at', outOfOrderness, maxAhead: '1d' }) }))
      .build(({ events, deadLetters }) => {
        const keyed = events.keyBy('key')
        const pair = events.keyBy(['key', 'n'])
        const summed = { n: count(), sum: sum<Rec>('n'), mean: mean<Rec>('n'), values: distinct<Rec>('n') }
        const merged = { all: collect<Rec>(), first: first<Rec>(), last: last<Rec>(), max: max<Rec>('n') }
        const tumbled = keyed
          .window(tumbling(10), { name: 'tumbled', allowedLateness: 12 })
          .aggregate({ ...summed, ...merged })
        const slid = keyed
          .window(sliding({ size: 30, every: 10 }), { name: 'slid', allowedLateness: 7 })
          .aggregate(summed)
        const stacked = pair.window(sliding({ size: 12, every: 4 }), { name: 'stacked' }).aggregate(merged)
        const sessions = keyed
          .window(session({ gap: 7 }), { name: 'sessions', allowedLateness: 5 })
          .aggregate({ ...summed, ...merged })
        const folded = keyed
          .window(tumbling(20), { name: 'folded', late: 'drop' })
          .reduce((a, b) => ({ ...a, n: a.n + b.n }))
        const everyone = events
          .windowAll(tumbling(15), { name: 'everyone' })
          .process((values, window) => values.map(({ n }) => ({ ...window, n })))
        const twice = tumbled
          .windowAll(tumbling(20), { name: 'twice', allowedLateness: 3 })
          .aggregate({ n: count(), last: last() })
        const deduped = events.dedupe(({ key, n }) => `${key} ${n}`, { within: 15, name: 'deduped' })
        const reduced = keyed.reduce(
          (): readonly [number, string] => [0, ''],
          ([sums, all], { n }): readonly [number, string] => [sums + n, `${all}${n}`],
          { name: 'reduced' },
        )
        const processed = keyed.process({
          name: 'processed',
          state: {
            total: value<number>(),
            items: list<Rec>(),
            seen: mapState<number, number>(),
            recent: value<number>({ ttl: 20 }),
          },
          emits: type<unknown>(),
          onRecord(record, { state, timers, emit }) {
            state.total.set((state.total.get() ?? 0) + record.n)
            state.items.add(record)
            state.seen.set(record.n, record.at)
            emit(['recent', state.recent.get()])
            if (record.n > 2) state.recent.set(record.n)
            if (record.n === 5) throw new Error('five')
            timers.eventTime(record.at + 9, record.n === 1 ? 'idle' : undefined)
          },
          onTimer({ at, tag }, { state, emit }) {
            emit([at, tag, state.total.get(), state.items.all(), [...state.seen.entries()]])
            if (tag === 'idle') state.items.clear()
            else state.seen.delete(1)
          },
        })
        const late = tumbled.late
          .windowAll(tumbling(20), { name: 'late', allowedLateness: 40 })
          .aggregate({ all: collect<Rec>() })
        const letters = deadLetters.keyBy('node').reduce(
          () => 0,
          (n) => n + 1,
          { name: 'letters' },
        )
        const outlets = {
          tumbled,
          slid,
          stacked,
          sessions,
          folded,
          everyone,
          twice,
          deduped,
          reduced,
          processed,
          late,
          letters,
        }
        return Object.fromEntries(
          Object.entries(outlets).map(([name, stream]) => [name, stream.to(collecting<unknown>())]),
        )
      })
      .graph({}),
  )

const graphs = new Map([0, 4, 25].map((outOfOrderness) => [outOfOrderness, everything(outOfOrderness)]))
const names = ['p', 'q']
const partitions = fc
  .array(
    fc.record({
      partition: fc.constantFrom(...names),
      key: fc.constantFrom('a', 'b', 'c'),
      at: fc.nat(90),
      n: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 50 },
  )
  .map((records) => partitioned(names, records))

/** Keys of one window come in no order; windows do. */
function byKey(outputs: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown[]> {
  const text = (row: unknown): string => JSON.stringify(row)
  const window = (row: unknown): string => {
    const { start, end } = (row ?? {}) as { start?: number; end?: number }
    return start === undefined ? '' : `${start} ${end}`
  }
  return Object.fromEntries(
    Object.entries(outputs).map(([name, rows]) => {
      const groups: unknown[][] = []
      for (const row of rows) {
        const last = groups.at(-1)
        if (last !== undefined && window(row) !== '' && window(last[0]) === window(row)) last.push(row)
        else groups.push([row])
      }
      return [name, groups.flatMap((group) => group.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)))]
    }),
  )
}

/** In which the keys of a window came in another order once the engine was restored. */
const same = (key: 'a' | 'b', at: number) => ({ key, at, n: 0 })
const sameWindow: [Record<string, ReturnType<typeof same>[]>, Move[], 0 | 4 | 25] = [
  { p: [same('a', 0), same('b', 10), same('a', 10)], q: [same('a', 41), same('a', 0)] },
  [{ read: 'q', records: 1 }, { read: 'p', records: 3 }, 'checkpoint', 'crash'],
  4,
]

describe.each(['generated', 'closures'] as const)('an engine that was restored, as %s', (form) => {
  test('goes on as one that was not, for every operator and whatever the checkpoints', () => {
    fc.assert(
      fc.property(partitions, schedules(names), fc.constantFrom(0, 4, 25), (records, moves, outOfOrderness) => {
        const graph = graphs.get(outOfOrderness) as Graph
        const { reads, ...crashed } = feed(graph, records, moves, form)
        const undisturbed = feed(graph, records, reads, form)
        expect(byKey(crashed.outputs)).toEqual(byKey(undisturbed.outputs))
        expect(crashed.deadLetters).toEqual(undisturbed.deadLetters)
        expect(crashed.stats.entries).toEqual(undisturbed.stats.entries)
        expect(crashed.kept.meta).toEqual(undisturbed.kept.meta)
      }),
      { ...runs(25), examples: [sameWindow] },
    )
  })

  test('goes on the same from a full snapshot as from all deltas', () => {
    fc.assert(
      fc.property(
        partitions,
        schedules(names, { maxLength: 10 }),
        fc.constantFrom(0, 4, 25),
        (records, moves, outOfOrderness) => {
          const graph = graphs.get(outOfOrderness) as Graph
          const steps = moves.filter((move) => move !== 'crash')
          const deltas = feed(
            graph,
            records,
            [...steps.map((move) => (move === 'full checkpoint' ? 'checkpoint' : move)), 'checkpoint', 'crash'],
            form,
          )
          const full = feed(graph, records, [...steps, 'full checkpoint', 'crash'], form)
          expect(byKey(full.outputs)).toEqual(byKey(deltas.outputs))
          expect(full.kept.meta).toEqual(deltas.kept.meta)
        },
      ),
      runs(12),
    )
  })
})

test('an engine of closures generates no code', () => {
  const { Function: original } = globalThis
  globalThis.Function = function forbidden() {
    throw new EvalError('code generation is forbidden')
  } as unknown as FunctionConstructor
  try {
    const { outputs } = feed(everything(0), { p: [rec(1), rec(40), rec(3)] }, ['checkpoint', 'crash'], 'closures')
    expect(outputs['tumbled']).toHaveLength(2)
    expect(() => feed(everything(0), { p: [] }, [], 'generated')).toThrow('code generation is forbidden')
  } finally {
    globalThis.Function = original
  }
})

test('what is stored of an engine beside its state is JSON', () => {
  const engine = new Engine(everything(0), { clock: { now: () => 0 } })
  const same = (meta: unknown): void => expect(JSON.parse(JSON.stringify(meta))).toEqual(meta)
  same(engine.snapshot().meta)
  const partition = engine.addPartition('events', 'p')
  const meta = { partition: 'p', arrival: 0 }
  engine.process(partition, {
    type: 'records',
    values: [rec(1.5), rec(40)],
    arrival: 0,
    position: '',
    positionOf: String,
    metaOf: () => meta,
  })
  engine.advance()
  same(engine.snapshot().meta)
  engine.setFinal('events')
  engine.endPartition(partition)
  engine.advance()
  same(engine.snapshot().meta)
})

test('an engine whose state did not change has no delta', () => {
  const engine = new Engine(everything(0), { clock: { now: () => 0 } })
  expect(engine.snapshot().delta).toBeUndefined()
  expect(engine.snapshot({ full: true }).delta).toBeUndefined()
  const meta = { partition: 'p', arrival: 0 }
  engine.process(engine.addPartition('events', 'p'), {
    type: 'records',
    values: [rec(1)],
    arrival: 0,
    position: '',
    positionOf: String,
    metaOf: () => meta,
  })
  engine.advance()
  expect(engine.snapshot().delta).toBeDefined()
  expect(engine.snapshot().delta).toBeUndefined()
  expect(engine.snapshot({ full: true }).delta).toBeDefined()
})
