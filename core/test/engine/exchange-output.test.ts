import { count, first, from, session, sum, topology, tumbling, type Stream } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Engine, InputPartition } from '../../src/engine/engine.ts'
import type { Form } from '../../src/state/code.ts'
import { partitionOf } from '../../src/state/partition-of.ts'
import { planStages, type Stage } from '../../src/topology/plan.ts'
import { forms } from '../operators/support/through.ts'
import { rec, timed, type Rec } from '../operators/support/windowed.ts'
import { batch, engineOf } from './support/batch.ts'
import { received } from './support/exchange.ts'

const stagesOf = (build: (events: Stream<Rec>) => Stream<unknown>, partitions = 4): readonly Stage[] => {
  const graph = topology('staged')
    .sources(() => ({ events: from(scripted<Rec>(), { ...timed, outOfOrderness: 2 }) }))
    .build(({ events }) => ({ out: build(events).to(collecting<unknown>()) }))
    .graph({})
  return planStages(graph, { partitions }).stages
}

const sessions = stagesOf((events) =>
  events
    .keyBy('key')
    .window(session({ gap: 5 }))
    .aggregate({ n: count() }),
)
const sums = stagesOf((events) =>
  events
    .keyBy('key')
    .window(tumbling(10))
    .aggregate({ n: count(), sum: sum('n') }),
)

/** The engine of a stage, with one partition. */
function started({ graph, name }: Stage, form: Form): { readonly engine: Engine; readonly input: InputPartition } {
  const engine = engineOf(graph, form)
  return { engine, input: engine.addPartition(name, 'p') }
}

const stage = (stages: readonly Stage[], at: number): Stage => stages[at] as Stage

describe.each(forms)('what a stage sends, as %s', (form) => {
  test('lies in rows by the partition of their key, with their places, and is taken once', () => {
    const { engine, input } = started(stage(sessions, 0), form)
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    engine.process(input, batch(keys.map((key, i) => rec(i, key))))
    const [output] = engine.exchanges
    expect([output?.name, output?.partitions, output?.rows, output?.entries]).toEqual(['events.window', 4, 6, 0])
    const taken = output?.takeRows() ?? new Map<number, never>()
    expect(taken.size).toBe(new Set(keys.map((key) => partitionOf(key, 4))).size)
    for (const [partition, rows] of taken) {
      const expected = keys.map((key, i) => ({ key, i })).filter(({ key }) => partitionOf(key, 4) === partition)
      expect({ ...rows }).toEqual({
        length: expected.length,
        keys: expected.map(({ key }) => key),
        values: expected.map(({ key, i }) => rec(i, key)),
        times: expected.map(({ i }) => i),
        marks: expected.map(() => -Infinity),
        places: expected.map(() => 'events/p'),
        sequences: expected.map(({ i }) => i),
      })
    }
    expect([output?.rows, output?.takeRows()]).toEqual([0, new Map()])
  })

  test('has a mark only where a record lies behind its own', () => {
    const { engine, input } = started(stage(sessions, 0), form)
    engine.process(input, batch([rec(10), rec(8), rec(7), rec(20), rec(17)]))
    const rows = [...(engine.exchanges[0]?.takeRows().values() ?? [])][0]
    expect(rows?.marks).toEqual([-Infinity, -Infinity, 8, -Infinity, 18])
  })

  test('is added up by key and pane, but for what may be late', () => {
    const { engine, input } = started(stage(sums, 0), form)
    engine.process(input, batch([rec(1), rec(2, 'a', 5), rec(3, 'b'), rec(11), rec(8), rec(9, 'b')]))
    const [output] = engine.exchanges
    expect([output?.rows, output?.entries]).toEqual([1, 3])
    expect(engine.stats().nodes['events.window']).toBe(5)
    const rows = [...(output?.takeRows().values() ?? [])]
    expect(rows).toMatchObject([{ times: [8], marks: [9] }])
    const partials = output?.takePartials() ?? new Map<number, Uint8Array>()
    expect(new Set(partials.keys())).toEqual(new Set([partitionOf('a', 4), partitionOf('b', 4)]))
    expect([output?.entries, output?.takePartials()]).toEqual([0, new Map()])

    const behind = started(stage(sums, 1), form)
    behind.engine.process(behind.input, received({ rows, partials: [...partials.values()], watermark: 20 }))
    behind.engine.advance()
    expect(new Set(behind.engine.outputs[0]?.take()?.values)).toEqual(
      new Set([
        { key: 'a', start: 0, end: 10, n: 3, sum: 7 },
        { key: 'b', start: 0, end: 10, n: 2, sum: 2 },
        { key: 'a', start: 10, end: 20, n: 1, sum: 1 },
      ]),
    )
    // Each record counts once in the cluster: where it was added up, or where it was taken.
    expect(behind.engine.stats().nodes['events.window']).toBe(1)
  })

  test('does not hold what cannot be added up: that becomes a dead letter, with all that its source knows', () => {
    const { engine, input } = started(stage(sums, 0), form)
    engine.process(input, batch([rec(1), rec(2, 'a', NaN), rec(3)]))
    expect(engine.takeDeadLetters()).toMatchObject([
      { source: 'events', node: 'events.window', partition: 'p', position: '1', code: 'BAD_VALUE', time: 2 },
    ])
    expect([engine.exchanges[0]?.entries, engine.stats().nodes['events.window']]).toEqual([1, 2])
  })

  test('must be taken before a snapshot, as it is no part of the state', () => {
    for (const [stages, take] of [[sessions, 'takeRows'] as const, [sums, 'takePartials'] as const]) {
      const { engine, input } = started(stage(stages, 0), form)
      engine.process(input, batch([rec(1)]))
      expect(() => engine.snapshot()).toThrow('something waits for an exchange')
      engine.exchanges[0]?.[take]()
      expect(engine.snapshot().delta).toBeUndefined()
    }
  })

  test('pauses a firing when there is much of it', () => {
    const twice = stagesOf((events) =>
      events
        .keyBy('n')
        .window(tumbling(10), { name: 'first' })
        .aggregate({ sum: count() })
        .keyBy('n')
        .reduce(
          () => 0,
          (all) => all + 1,
        ),
    )
    const { engine, input } = started(stage(twice, 1), form)
    const source = started(stage(twice, 0), form)
    const values = Array.from({ length: 20_000 }, (_, n) => rec(1, 'a', n))
    for (let row = 0; row < 20_000; row = source.engine.process(source.input, batch(values), row));
    const partials = [...(source.engine.exchanges[0]?.takePartials().values() ?? [])]
    engine.process(input, received({ partials, watermark: 10 }))
    let [pauses, sent, most] = [0, 0, 0]
    for (let done = false; !done; pauses++) {
      done = engine.advance()
      const taken = [...(engine.exchanges[0]?.takeRows().values() ?? [])].reduce((all, { length }) => all + length, 0)
      most = Math.max(most, taken)
      sent += taken
    }
    expect(sent).toBe(20_000)
    expect(pauses).toBeGreaterThan(1)
    expect(most).toBeLessThan(8192 + 2048)
  })

  test('fails the job with the name of the state when it cannot be stored', () => {
    const kept = stagesOf((events) =>
      events
        .map((r) => ({ ...r, at: () => r.at }))
        .keyBy('key')
        .window(tumbling(10), { name: 'kept' })
        .aggregate({ first: first() }),
    )
    const { engine, input } = started(stage(kept, 0), form)
    engine.process(input, batch([rec(1)]))
    expect(() => engine.exchanges[0]?.takePartials()).toThrow(
      expect.objectContaining({
        code: 'USER_CODE',
        node: 'kept',
        message: expect.stringContaining('kept: a function'),
      }) as Error,
    )
  })
})
