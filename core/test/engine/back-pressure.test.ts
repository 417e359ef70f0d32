import { from, sliding, sum, topology, tumbling, type Stream } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { forms } from '../operators/support/through.ts'
import { timed, type Rec } from '../operators/support/windowed.ts'
import { batch, engineOf } from './support/batch.ts'

describe.each(forms)('back-pressure, as %s', (form) => {
  const many = Array.from({ length: 100_000 }, (_, i) => ({ key: `k${i}`, at: 1, n: i }))

  const graphs = {
    tumbling: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window(tumbling(10))
        .aggregate({ sum: sum('n') }),
    sliding: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window(sliding({ size: 10, every: 10 }))
        .aggregate({ sum: sum('n') }),
    session: (events: Stream<Rec>) =>
      events
        .keyBy('key')
        .window({ kind: 'session', gapMs: 10 })
        .aggregate({ sum: sum('n') }),
    process: (events: Stream<Rec>) =>
      events.keyBy('key').process({
        state: {},
        emits: {} as { _type?: (value: { sum: number }) => { sum: number } },
        onRecord: ({ n }, { timers }) => timers.eventTime(10, String(n)),
        onTimer: ({ tag }, { emit }) => emit({ sum: Number(tag) }),
      }),
  }

  test.each([
    ['tumbling', 100_000],
    ['sliding', 20_000],
    ['session', 20_000],
    ['process', 20_000],
  ] as const)('pauses a firing of %s when outputs are full, and loses nothing of %i keys', (kind, keys) => {
    const graph = topology('pressure')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({ out: (graphs[kind](events) as Stream<{ sum: number }>).to(collecting()) }))
      .graph({})
    const engine = engineOf(graph, form)
    const partition = engine.addPartition('events', 'p')
    const records = batch(many.slice(0, keys))
    for (let row = 0; row < keys; row = engine.process(partition, records, row)) engine.advance()
    engine.setFinal('events')
    engine.endPartition(partition)
    const sums: number[] = []
    let pauses = 0
    let most = 0
    while (!engine.advance()) {
      pauses++
      const taken = engine.outputs[0]?.take()
      most = Math.max(most, taken?.length ?? 0)
      for (const value of taken?.values ?? []) sums.push((value as { sum: number }).sum)
    }
    for (const value of engine.outputs[0]?.take()?.values ?? []) sums.push((value as { sum: number }).sum)
    expect(pauses).toBeGreaterThanOrEqual(Math.floor(keys / 12_000))
    expect(most).toBeLessThan(12_000)
    expect(sums.toSorted((a, b) => a - b).every((sum, i) => sum === i)).toBe(true)
    expect(sums).toHaveLength(keys)
  })

  test('refuses a snapshot in the middle of a firing', () => {
    const graph = topology('pressure')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        out: events
          .keyBy('key')
          .window(tumbling(10))
          .aggregate({ sum: sum('n') })
          .to(collecting()),
      }))
      .graph({})
    const engine = engineOf(graph, form)
    const partition = engine.addPartition('events', 'p')
    const records = batch(many.slice(0, 20_000))
    for (let row = 0; row < 20_000; row = engine.process(partition, records, row));
    engine.setFinal('events')
    engine.endPartition(partition)
    expect(engine.advance()).toBe(false)
    expect(() => engine.snapshot()).toThrow('in the middle of a firing')
  })
})
