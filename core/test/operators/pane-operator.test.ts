import {
  aggregateOf,
  count,
  from,
  sliding,
  sum,
  topology,
  tumbling,
  type Aggregate,
  type WindowSpec,
} from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { Engine, InputPartition } from '../../src/engine/engine.ts'
import type { Form } from '../../src/state/code.ts'
import type { WindowOptions } from '../../src/topology/window-options.ts'
import { planStages, type Plan } from '../../src/topology/plan.ts'
import { batch, engineOf } from '../engine/support/batch.ts'
import { received } from '../engine/support/exchange.ts'
import { forms } from './support/through.ts'
import { rec, timed, type Rec } from './support/windowed.ts'

function planOf(
  spec: WindowSpec,
  aggregates: { readonly [name: string]: Aggregate<Rec, unknown> },
  options: WindowOptions = {},
): Plan {
  const graph = topology('partial')
    .sources(() => ({ events: from(scripted<Rec>(), timed) }))
    .build(({ events }) => ({
      out: events
        .keyBy('key')
        .window(spec, { name: 'w', ...options })
        .aggregate(aggregates)
        .to(collecting()),
    }))
    .graph({})
  return planStages(graph, { partitions: 1 })
}

/** What the stage in front of the window adds up of these records. */
function addedUp({ stages }: Plan, form: Form, records: readonly Rec[]): readonly Uint8Array[] {
  const engine = engineOf((stages[0] as Plan['stages'][number]).graph, form)
  engine.process(engine.addPartition('events', 'p'), batch(records))
  return [...(engine.exchanges[0]?.takePartials().values() ?? [])]
}

/** The window, with watermark where it stands. */
function windowAt({ stages }: Plan, form: Form, watermark: number): { engine: Engine; input: InputPartition } {
  const engine = engineOf((stages[1] as Plan['stages'][number]).graph, form)
  const input = engine.addPartition('w', '0', { watermark })
  engine.advance()
  return { engine, input }
}

function fired(engine: Engine): readonly unknown[] {
  engine.advance()
  return engine.outputs[0]?.take()?.values ?? []
}

const totals = { n: count(), sum: sum<Rec>('n') }

describe.each(forms)('a window that is given what was added up, as %s', (form) => {
  test('adds it to what it has, of several stages', () => {
    const plan = planOf(tumbling(10), totals)
    const { engine, input } = windowAt(plan, form, 0)
    const one = addedUp(plan, form, [rec(1), rec(2, 'b', 4)])
    const other = addedUp(plan, form, [rec(3, 'a', 7), rec(4)])
    engine.process(input, received({ partials: [...one, ...other], watermark: 10 }))
    expect(fired(engine)).toEqual([
      { key: 'a', start: 0, end: 10, n: 3, sum: 9 },
      { key: 'b', start: 0, end: 10, n: 1, sum: 4 },
    ])
    expect(engine.stats().late).toBe(0)
  })

  test('stores it once, and what changed of it after that', () => {
    const plan = planOf(sliding({ size: 20, every: 10 }), totals)
    const { engine, input } = windowAt(plan, form, 0)
    const blobs: Uint8Array[] = []
    const snapshot = (): unknown => {
      const { meta, delta } = engine.snapshot()
      if (delta) blobs.push(delta)
      return meta
    }
    engine.process(input, received({ partials: addedUp(plan, form, [rec(1), rec(11, 'b')]) }))
    snapshot()
    engine.process(input, received({ partials: addedUp(plan, form, [rec(2)]) }))
    const meta = snapshot()
    expect(blobs).toHaveLength(2)
    snapshot()
    expect(blobs).toHaveLength(2)
    const again = engineOf((plan.stages[1] as Plan['stages'][number]).graph, form)
    again.restore(JSON.parse(JSON.stringify(meta)), blobs)
    again.process(again.addPartition('w', '0'), received({ watermark: 20 }))
    expect(fired(again)).toEqual([
      { key: 'a', start: -10, end: 10, n: 2, sum: 2 },
      { key: 'a', start: 0, end: 20, n: 2, sum: 2 },
      { key: 'b', start: 0, end: 20, n: 1, sum: 1 },
    ])
  })

  test('fires again with what comes within its allowed lateness', () => {
    const plan = planOf(tumbling(10), totals, { allowedLateness: 5 })
    const { engine, input } = windowAt(plan, form, 12)
    engine.process(input, received({ partials: addedUp(plan, form, [rec(1)]) }))
    expect(fired(engine)).toEqual([{ key: 'a', start: 0, end: 10, n: 1, sum: 1 }])
    expect(engine.stats().late).toBe(0)
  })

  test('makes one dead letter of what comes too late as a whole, with what it was', () => {
    const plan = planOf(tumbling(10), totals)
    const { engine, input } = windowAt(plan, form, 10)
    engine.process(input, received({ partials: addedUp(plan, form, [rec(1), rec(2, 'a', 5)]), watermark: 30 }))
    expect(fired(engine)).toEqual([])
    expect(engine.takeDeadLetters()).toEqual([
      {
        source: 'w',
        node: 'w',
        partition: 'w',
        position: 'a@0',
        code: 'LATE',
        message: 'what was added up from 1970-01-01T00:00:00.000Z on came after its window was closed',
        time: 0,
        bytes: new TextEncoder().encode('{"key":"a","start":0,"n":2,"sum":6}'),
      },
    ])
    expect(engine.stats().late).toBe(1)
  })

  test('still counts in the windows that are open what is too late for others', () => {
    const plan = planOf(sliding({ size: 20, every: 10 }), totals)
    const { engine, input } = windowAt(plan, form, 10)
    engine.process(input, received({ partials: addedUp(plan, form, [rec(1)]), watermark: 30 }))
    expect(fired(engine)).toEqual([{ key: 'a', start: 0, end: 20, n: 1, sum: 1 }])
    expect(engine.takeDeadLetters()).toMatchObject([{ code: 'LATE', position: 'a@0' }])
  })

  test('makes a dead letter of what a function of the user cannot merge, and keeps what it had', () => {
    const touchy = aggregateOf({
      version: 1,
      init: () => 0,
      add: (all: number, { n }: Rec) => all + n,
      merge: (all: number, other: number) => {
        if (other === 13) throw new Error('not 13')
        return all + other
      },
      result: (all) => all,
    })
    const plan = planOf(tumbling(10), { n: count(), touchy })
    const { engine, input } = windowAt(plan, form, 0)
    const all = [rec(1, 'a', 1), rec(1, 'a', 13), rec(1, 'a', 3)].flatMap((record) => addedUp(plan, form, [record]))
    engine.process(input, received({ partials: all, watermark: 10 }))
    expect(fired(engine)).toEqual([{ key: 'a', start: 0, end: 10, n: 2, touchy: 4 }])
    expect(engine.takeDeadLetters()).toMatchObject([
      { code: 'USER_CODE', message: 'not 13', node: 'w', position: 'a@0' },
    ])
  })
})
