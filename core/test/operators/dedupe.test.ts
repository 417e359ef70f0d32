import { count, from, topology, tumbling } from '@millrace/core'
import { checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Graph } from '../../src/topology/node.ts'
import { feed, type Fed } from '../engine/support/feed.ts'
import { partitioned, schedules } from '../engine/support/schedules.ts'
import { unplaced } from '../engine/support/unplaced.ts'
import { runs } from '../support/runs.ts'
import { forms, told } from './support/through.ts'
import { rec, timed, type Rec } from './support/windowed.ts'

const deduped = (outOfOrderness = 0) =>
  unplaced(() =>
    topology('deduped')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, outOfOrderness }) }))
      .build(({ events }) => ({ out: events.dedupe('key', { within: 10 }).to(collecting<Rec>()) })),
  )

describe.each(forms)('dedupe as %s', (form) => {
  test('lets the first of a key through, and holds back those within the span of it', async () => {
    const driver = drive(deduped(), { form })
    await driver.send(
      'events',
      rec(1, 'a', 1),
      rec(2, 'b', 2),
      rec(5, 'a', 3),
      rec(11, 'a', 4),
      rec(12, 'a', 5),
      rec(22, 'a', 6),
      rec(23, 'a', 7),
    )
    // 11 lies within of 1, the span included; 12 does not, and begins a span of its own.
    expect((await driver.finish()).out.map(({ n }) => n)).toEqual([1, 2, 5, 7])
  })

  test('is not held up by what it held back', async () => {
    const driver = drive(deduped(), { form })
    await driver.send('events', rec(0, 'a', 1), rec(9, 'a', 2), rec(18, 'a', 3))
    expect((await driver.finish()).out.map(({ n }) => n)).toEqual([1, 3])
  })

  test('holds back a record that comes later and is earlier', async () => {
    const driver = drive(deduped(50), { form })
    await driver.send('events', rec(30, 'a', 1), rec(21, 'a', 2), rec(20, 'a', 3), rec(19, 'a', 4), rec(5, 'a', 5))
    expect((await driver.finish()).out.map(({ n }) => n)).toEqual([1, 4, 5])
  })

  test('makes a dead letter of a record that is too late to tell', async () => {
    const driver = drive(deduped(), { form })
    await driver.send('events', rec(20, 'a'), rec(11, 'b'), rec(10, 'c'), rec(10, 'a'))
    const { out, deadLetters } = await driver.finish()
    expect(out).toEqual([rec(20, 'a'), rec(11, 'b')])
    expect(deadLetters.map(told)).toEqual(
      ['c', 'a'].map((key) => expect.stringContaining(`events.dedupe refused {"key":"${key}","at":10,"n":1}`)),
    )
    expect(deadLetters.map(({ code }) => code)).toEqual(['LATE', 'LATE'])
  })

  test('remembers over a crash', async () => {
    const driver = drive(deduped(), { form })
    await driver.send('events', rec(1), checkpoint(), rec(2, 'b'), crash(), rec(3), rec(4, 'b'))
    expect((await driver.finish()).out).toEqual([rec(1), rec(2, 'b')])
  })

  test('remembers when the job is started again after its end, over more input', () => {
    const graph = deduped().graph({})
    const first = { p: [rec(1, 'a'), rec(38, 'b'), rec(40, 'c')] }
    let ended = feed(graph, first, [], form)
    for (let again = 0; again < 3; again++) ended = feed(graph, first, [], form, ended.kept)
    const { outputs, deadLetters } = feed(
      graph,
      { ...first, q: [rec(39, 'b'), rec(41, 'c'), rec(32, 'd'), rec(31, 'e'), rec(50, 'c')] },
      [],
      form,
      ended.kept,
    )
    expect(outputs['out']).toEqual([rec(32, 'd')])
    expect(deadLetters.map(({ code, position }) => `${code} ${position}`)).toEqual(['LATE 3'])
  })

  test('tells records apart by several fields, and by a function, and refuses a key that is none', async () => {
    const built = topology('keys')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => ({
        fields: events
          .dedupe(['key', 'n'], { within: 10, name: 'fields' })
          .map(({ key, n }) => key + n)
          .to(collecting()),
        fn: events
          .dedupe(({ n }) => n % 2, { within: 10, name: 'fn' })
          .map(({ n }) => n)
          .to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send('events', rec(1, 'a', 1), rec(1, 'a', 2), rec(1, 'a1', 1), rec(1, 'a', 1), rec(1, 'a', NaN))
    const { fields, fn, deadLetters } = await driver.finish()
    expect([fields, fn]).toEqual([
      ['a1', 'a2', 'a11'],
      [1, 2],
    ])
    expect(deadLetters.map(({ node, code }) => `${node} ${code}`)).toEqual(['fields BAD_KEY', 'fn BAD_KEY'])
  })

  test('hands what it lets through to windows at its time', async () => {
    const built = topology('windows')
      .sources(() => ({ events: from(scripted<Rec>(), { ...timed, outOfOrderness: 5 }) }))
      .build(({ events }) => ({
        out: events
          .dedupe('n', { within: 100 })
          .keyBy('key')
          .window(tumbling(10))
          .aggregate({ n: count() })
          .to(collecting()),
      }))
    const driver = drive(built, { form })
    await driver.send(
      'events',
      rec(1, 'a', 1),
      rec(2, 'a', 1),
      rec(3, 'a', 2),
      rec(14, 'a', 3),
      rec(9, 'a', 4),
      rec(30, 'a', 1),
    )
    expect((await driver.finish()).out).toEqual([
      { key: 'a', start: 0, end: 10, n: 3 },
      { key: 'a', start: 10, end: 20, n: 1 },
    ])
  })

  test('forgets as the watermark advances, however many keys come', () => {
    const engine = new Engine(deduped().graph({}), { clock: { now: () => 0 }, form })
    const partition = engine.addPartition('events', 'p')
    const meta = { partition: 'p', arrival: 0 }
    let most = 0
    for (let batch = 0; batch < 50; batch++) {
      const values = Array.from({ length: 200 }, (_, i) => rec(batch * 20 + i / 10, `${batch} ${i}`))
      engine.process(partition, {
        type: 'records',
        values,
        arrival: 1e9,
        position: '',
        positionOf: String,
        metaOf: () => meta,
      })
      engine.advance()
      most = Math.max(most, engine.stats().entries['events.dedupe'] ?? Infinity)
    }
    // Three spans of 100 keys each, and that of the present.
    expect(most).toBeLessThanOrEqual(500)
  })
})

/** Which records the naïve way lets through, holds back and calls late, in the order in which they were read. */
function oracle(
  order: Fed['order'],
  within: number,
  outOfOrderness: number,
): { readonly passed: number[]; readonly late: number[] } {
  const marks: Record<string, number> = {}
  const passed: Rec[] = []
  const late: number[] = []
  for (const [partition, record] of order as [string, Rec][]) {
    const mark = marks[partition] ?? -Infinity
    marks[partition] = Math.max(mark, record.at - outOfOrderness)
    if (record.at + within <= mark) late.push(record.n)
    else if (!passed.some(({ key, at }) => key === record.key && Math.abs(at - record.at) <= within))
      passed.push(record)
  }
  return { passed: passed.map(({ n }) => n), late }
}

describe.each(forms)('dedupe, against an oracle, as %s', (form) => {
  const graphs = new Map<number, Graph>(
    [0, 4, 30].map((outOfOrderness) => [outOfOrderness, deduped(outOfOrderness).graph({})]),
  )
  const names = ['p', 'q']
  const records = fc
    .array(fc.record({ partition: fc.constantFrom(...names), key: fc.constantFrom('a', 'b', 'c'), at: fc.nat(60) }), {
      maxLength: 50,
    })
    .map((all) =>
      partitioned(
        names,
        all.map((record, n) => ({ ...record, n })),
      ),
    )

  test('lets through the first of a key within each span, whatever the batches and crashes', () => {
    fc.assert(
      fc.property(records, schedules(names), fc.constantFrom(0, 4, 30), (partitions, moves, outOfOrderness) => {
        const { outputs, deadLetters, order } = feed(graphs.get(outOfOrderness) as Graph, partitions, moves, form)
        const { passed, late } = oracle(order, 10, outOfOrderness)
        expect((outputs['out'] as Rec[]).map(({ n }) => n)).toEqual(passed)
        expect(deadLetters.map(({ bytes }) => (JSON.parse(new TextDecoder().decode(bytes)) as Rec).n)).toEqual(late)
      }),
      runs(100),
    )
  })
})
