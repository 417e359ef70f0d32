import { collect, count, from, sum, topology, tumbling, type, type Stream } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import type { Graph } from '../../src/topology/node.ts'
import { planStages } from '../../src/topology/plan.ts'
import { forms } from '../operators/support/through.ts'
import { timed, type Rec } from '../operators/support/windowed.ts'
import { batch, engineOf } from './support/batch.ts'
import { received, rowsOf, type Row } from './support/exchange.ts'

/** The last stage of a topology with one sink. */
function behind(build: (events: Stream<Rec>) => Stream<unknown>): Graph {
  const graph = topology('staged')
    .sources(() => ({ events: from(scripted<Rec>(), timed) }))
    .build(({ events }) => ({ out: build(events).to(collecting<unknown>()) }))
    .graph({})
  return planStages(graph, { partitions: 1 }).stages.at(-1)?.graph as Graph
}

const counts = behind((events) =>
  events.keyBy('key').window(tumbling(10), { name: 'counts' }).aggregate({ n: count() }),
)

const row = (time: number, key = 'a', rest: Partial<Row> = {}): Row => ({
  key,
  time,
  value: { key, at: time },
  ...rest,
})

function taken(engine: Engine): readonly unknown[] {
  const values: unknown[] = []
  for (let done = false; !done;) {
    done = engine.advance()
    values.push(...(engine.outputs[0]?.take()?.values ?? []))
  }
  return values
}

describe.each(forms)('a stage behind an exchange, as %s', (form) => {
  test('takes rows with the key that they come with, and fires by the watermark that comes behind them', () => {
    const engine = engineOf(counts, form)
    const input = engine.addPartition('counts', '0')
    // A key that the record itself does not have: it is not worked out again.
    const rows = rowsOf([row(1), row(12), row(3, 'b', { value: {} })])
    expect(engine.process(input, received({ rows: [rows] }))).toBe(3)
    expect(taken(engine)).toEqual([])
    expect(engine.process(input, received({ watermark: 10 }))).toBe(0)
    expect(taken(engine)).toEqual([
      { key: 'a', start: 0, end: 10, n: 1 },
      { key: 'b', start: 0, end: 10, n: 1 },
    ])
    expect(input.watermark).toBe(10)
  })

  test('takes 1,024 rows at a time, counted through all frames, and the rest with the last of them', () => {
    const all = behind((events) =>
      events.keyBy('key').window(tumbling(10_000), { name: 'all' }).aggregate({ all: collect() }),
    )
    const engine = engineOf(all, form)
    const input = engine.addPartition('all', '0')
    const rows = Array.from({ length: 2500 }, (_, i) => row(i, 'a', { value: i }))
    const frames = [rows.slice(0, 3), [], rows.slice(3, 1500), rows.slice(1500, 1501), rows.slice(1501)].map(rowsOf)
    const records = received({ rows: frames, watermark: 20_000 })
    const steps: number[] = []
    for (let at = 0; at < 2500; steps.push(at)) {
      at = engine.process(input, records, at)
      expect(input.watermark).toBe(at < 2500 ? -Infinity : 20_000)
    }
    expect(steps).toEqual([1024, 2048, 2500])
    expect(taken(engine)).toEqual([{ key: 'a', start: 0, end: 10_000, all: rows.map(({ value }) => value) }])
    expect(engine.stats()).toMatchObject({ records: 2500, nodes: { all: 2500, out: 1 } })
  })

  test('never takes its watermark back, nor to the end: only the end of the partition is that', () => {
    const engine = engineOf(counts, form)
    const input = engine.addPartition('counts', '0')
    const watermarks = [5, 3, undefined, Infinity].map((watermark) => {
      engine.process(input, received({ watermark }))
      return input.watermark
    })
    expect(watermarks).toEqual([5, 5, 5, 5])
    engine.process(input, received({ rows: [rowsOf([row(7)])] }))
    engine.setFinal('counts')
    engine.endPartition(input)
    expect(taken(engine)).toMatchObject([{ start: 0, n: 1 }])
    const { meta, delta } = engine.snapshot()
    // Started again over more input: what comes now is not late for windows that no record has passed.
    const again = engineOf(counts, form)
    again.restore(meta, delta ? [delta] : [])
    const second = again.addPartition('counts', '0.1', { watermark: 5 })
    again.process(second, received({ rows: [rowsOf([row(11)])], watermark: 20 }))
    expect(taken(again)).toMatchObject([{ start: 10, n: 1 }])
  })

  test('makes a dead letter of a late row: where it came from, and the record as JSON', () => {
    const engine = engineOf(counts, form)
    const input = engine.addPartition('counts', '0')
    engine.process(
      input,
      received({ rows: [rowsOf([row(3, 'a', { mark: 10, place: 'events/q' }), row(3, 'a', { mark: 9 })])] }),
    )
    const letters = engine.takeDeadLetters()
    expect(letters).toEqual([
      {
        source: 'counts',
        node: 'counts',
        partition: 'events/q',
        position: 'a@3',
        code: 'LATE',
        message: 'the record of 1970-01-01T00:00:00.003Z came after its window was closed',
        time: 3,
        bytes: new TextEncoder().encode('{"key":"a","at":3}'),
      },
    ])
    expect(engine.stats()).toMatchObject({ late: 1, deadLetters: 1, nodes: { counts: 1 } })
  })

  test('goes on with the next row when a function of the user throws for one', () => {
    const sums = behind((events) =>
      events
        .keyBy('key')
        .window(tumbling(10), { name: 'sums' })
        .aggregate({ sum: sum('n') }),
    )
    const engine = engineOf(sums, form)
    const rows = [
      row(1, 'a', { value: { n: 1 } }),
      row(2, 'a', { value: { n: NaN } }),
      row(3, 'a', { value: { n: 3 } }),
    ]
    engine.process(engine.addPartition('sums', '0'), received({ rows: [rowsOf(rows)], watermark: 10 }))
    expect(taken(engine)).toEqual([{ key: 'a', start: 0, end: 10, sum: 4 }])
    expect(engine.takeDeadLetters()).toMatchObject([{ code: 'BAD_VALUE', node: 'sums', position: 'a@2' }])
  })

  test('fires no timer by what a late row says of its own partition: others may be behind', () => {
    const timers = behind((events) =>
      events.keyBy('key').process({
        name: 'timers',
        state: {},
        emits: type<string>(),
        onRecord: ({ at }, context) => {
          context.emit(`record ${at}`)
          context.timers.eventTime(20)
        },
        onTimer: ({ at }, context) => context.emit(`timer ${at}`),
      }),
    )
    const engine = engineOf(timers, form)
    const input = engine.addPartition('timers', '0')
    engine.process(input, received({ rows: [rowsOf([row(1), row(2, 'a', { mark: 50 })])], watermark: 15 }))
    expect(taken(engine)).toEqual(['record 1', 'record 2'])
    engine.process(input, received({ rows: [rowsOf([row(16)])], watermark: 20 }))
    expect(taken(engine)).toEqual(['record 16', 'timer 20'])
  })

  test('drops a duplicate by the key that it comes with', () => {
    const once = behind((events) => events.dedupe('key', { within: 10, name: 'once' }).map(({ at }) => at))
    const engine = engineOf(once, form)
    const rows = rowsOf([row(1), row(2, 'b'), row(3, 'a'), row(14, 'a')])
    engine.process(engine.addPartition('once', '0'), received({ rows: [rows] }))
    expect(taken(engine)).toEqual([1, 2, 14])
    expect(engine.stats().nodes).toMatchObject({ once: 3, out: 3 })
  })

  test('refuses what no stage has sent', () => {
    const engine = engineOf(counts, form)
    const input = engine.addPartition('counts', '0')
    expect(() => engine.process(input, batch([1]))).toThrow(
      expect.objectContaining({ code: 'SOURCE', message: expect.stringContaining("exchange 'counts'") }) as Error,
    )
  })
})
