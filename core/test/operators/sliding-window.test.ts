import { aggregateOf, count, from, mean, sliding, sum, topology } from '@millrace/core'
import { checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../src/topology/node.ts'
import type { WindowOptions } from '../../src/topology/window-options.ts'
import { feed } from '../engine/support/feed.ts'
import { unplaced } from '../engine/support/unplaced.ts'
import { runs } from '../support/runs.ts'
import { forms } from './support/through.ts'
import { driveWindowed, mergedOnly, rec, timed, windowed, type Rec } from './support/windowed.ts'

const spec = sliding({ size: 30, every: 10 })

describe.each(forms)('sliding windows as %s', (form) => {
  test('hold each record in size / every of them', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(15, 'a', 1), rec(25, 'a', 2))
    expect((await driver.finish()).fired).toEqual([
      'a -10–20: 1 of 1',
      'a 0–30: 2 of 3',
      'a 10–40: 2 of 3',
      'a 20–50: 1 of 2',
    ])
  })

  test('fire nothing for a key or a time without records', async () => {
    const driver = driveWindowed(form, sliding({ size: 20, every: 10 }))
    await driver.send('events', rec(5), rec(1_000_000), rec(1_000_005, 'b'))
    expect((await driver.finish()).fired).toEqual([
      'a -10–10: 1 of 1',
      'a 0–20: 1 of 1',
      'a 999990–1000010: 1 of 1',
      'b 999990–1000010: 1 of 1',
      'a 1000000–1000020: 1 of 1',
      'b 1000000–1000020: 1 of 1',
    ])
  })

  test('are late one by one: a record counts in those that are open, and is handed to late as well', async () => {
    const driver = driveWindowed(form, spec)
    await driver.send('events', rec(25), rec(5))
    const { fired, late } = await driver.finish()
    expect(fired).toEqual(['a 0–30: 2 of 2', 'a 10–40: 1 of 1', 'a 20–50: 1 of 1'])
    expect(late).toEqual([rec(5)])
  })

  test('fire again each that a late record changes, and count it in those to come', async () => {
    for (const build of [windowed, mergedOnly]) {
      const driver = drive(build(spec, { allowedLateness: 100 }), { form })
      await driver.send('events', rec(15, 'a', 1), rec(25, 'a', 2), rec(41, 'b', 9), rec(16, 'a', 4))
      const fired = (await driver.finish()).fired.filter((line) => line.startsWith('a'))
      const expected = {
        merged: [
          'a -10–20: 1',
          'a 0–30: 1 2',
          'a 10–40: 1 2',
          'a -10–20: 1 4',
          'a 0–30: 1 2 4',
          'a 10–40: 1 2 4',
          'a 20–50: 2',
        ],
        summed: [
          'a -10–20: 1 of 1',
          'a 0–30: 2 of 3',
          'a 10–40: 2 of 3',
          'a -10–20: 2 of 5',
          'a 0–30: 3 of 7',
          'a 10–40: 3 of 7',
          'a 20–50: 1 of 2',
        ],
      }
      expect(fired).toEqual(build === windowed ? expected.summed : expected.merged)
    }
  })

  test('come early with what the next to end holds so far', async () => {
    const driver = driveWindowed(form, spec, { early: { every: 2 } })
    await driver.send('events', rec(5), rec(15), rec(16), rec(17), rec(18))
    expect(driver.committed().fired).toEqual(['a -20–10: 1 of 1', 'a -10–20: 3 of 3', 'a -10–20: 5 of 5'])
  })

  test('hold the same with and without a crash between records, checkpoints and firings', async () => {
    const records = [
      rec(1, 'a', 1),
      rec(11, 'a', 2),
      rec(12, 'b', 3),
      rec(33, 'a', 4),
      rec(29, 'a', 5),
      rec(70, 'b', 6),
    ]
    for (const build of [windowed, mergedOnly]) {
      const options: WindowOptions = { allowedLateness: 5 }
      const undisturbed = drive(build(spec, options), { form })
      await undisturbed.send('events', ...records)
      const expected = await undisturbed.finish()
      for (let at = 0; at <= records.length; at++) {
        const driver = drive(build(spec, options), { form })
        await driver.send(
          'events',
          ...records.slice(0, at),
          checkpoint(),
          ...records.slice(at, at + 1),
          crash(),
          ...records.slice(at + 1),
        )
        const { fired, late } = await driver.finish()
        expect([fired.toSorted(), late]).toEqual([expected.fired.toSorted(), expected.late])
      }
    }
  })
})

describe.each(forms)('an aggregate that changes its accumulator and gives it away, as %s', (form) => {
  /** Numbers in order of coming, as a list that is one and the same all along. */
  const inPlace = (subtracts: boolean) =>
    aggregateOf({
      version: 1,
      init: (): number[] => [],
      add(all: number[], { n }: Rec) {
        all.push(n)
        return all
      },
      merge(all: number[], others: number[]) {
        all.push(...others)
        return all
      },
      ...(subtracts && {
        subtract(all: number[], others: number[]) {
          for (const n of others) all.splice(all.indexOf(n), 1)
          return all
        },
      }),
      result: (all: number[]) => all,
    })

  test.each([true, false])('gives results that nothing changes later (subtracts: %s)', async (subtracts) => {
    const built = topology('given')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const windows = events
          .keyBy('key')
          .window(sliding({ size: 20, every: 10 }), { allowedLateness: 100, early: { every: 1 } })
        return { fired: windows.aggregate({ all: inPlace(subtracts) }).to(collecting()) }
      })
    const driver = drive(built, { form })
    await driver.send('events', rec(1, 'a', 1), rec(2, 'a', 2), rec(11, 'a', 3), rec(25, 'b', 9), rec(3, 'a', 4))
    const { fired } = await driver.finish()
    const ofA = fired
      .filter(({ key }) => key === 'a')
      .map(({ start, all }) => `${start}: ${all.toSorted((x, y) => x - y).join(' ')}`)
    expect(ofA).toEqual(['-10: 1', '-10: 1 2', '0: 1 2 3', '-10: 1 2', '0: 1 2 3', '-10: 1 2 4', '0: 1 2 3 4', '10: 3'])
  })
})

describe.each(forms)('running totals of sliding windows as %s', (form) => {
  const close = (a: number, b: number, size: number): boolean => Math.abs(a - b) <= 1e-9 * size

  const own = aggregateOf({
    version: 1,
    init: () => 0,
    add: (total: number, { n }: Rec) => total + n,
    merge: (total: number, other: number) => total + other,
    subtract: (total: number, other: number) => total - other,
    result: (total: number) => total,
  })

  const inObject = aggregateOf({
    version: 1,
    init: () => ({ total: 0 }),
    add: ({ total }: { total: number }, { n }: Rec) => ({ total: total + n }),
    merge: ({ total }: { total: number }, other: { total: number }) => ({ total: total + other.total }),
    subtract: ({ total }: { total: number }, other: { total: number }) => ({ total: total - other.total }),
    result: ({ total }: { total: number }) => total,
  })

  const graphs = [{ sum: sum<Rec>('n') }, { mean: mean<Rec>('n') }, { own }, { inObject }].map((aggregates) =>
    unplaced(() =>
      topology('drift')
        .sources(() => ({ events: from(scripted<Rec>(), timed) }))
        .build(({ events }) => {
          const windows = events.keyBy('key').window(sliding({ size: 40, every: 10 }))
          return { fired: windows.aggregate({ n: count(), ...aggregates }).to(collecting()) }
        })
        .graph({}),
    ),
  )

  interface Total {
    readonly key: string
    readonly start: number
    readonly end: number
    readonly n: number
    readonly total: number
  }

  /** What each window has for a total, by whichever aggregate. */
  const totals = (graph: Graph, values: readonly Rec[]): readonly Total[] =>
    (feed(graph, { p: values }, [], form).outputs['fired'] as (Total & Record<string, number>)[]).map((fired) => ({
      ...fired,
      total: fired['sum'] ?? fired['own'] ?? fired['inObject'] ?? (fired['mean'] ?? NaN) * fired.n,
    }))

  test('forget what has left them: a huge number leaves no trace behind', () => {
    const values = [
      ...Array.from({ length: 40 }, (_, i) => rec(i * 10, 'a', i % 7 === 3 ? 1e17 : 0.1)),
      ...Array.from({ length: 20 }, (_, i) => rec(400 + i * 10, 'a', 0.1)),
    ]
    for (const graph of graphs) {
      // From 460 on no window holds a huge one, and one whole size has passed since the last left.
      const calm = totals(graph, values).filter(({ start }) => start >= 460)
      expect(calm.map(({ n, total }) => close(total, n * 0.1, 1))).toEqual(calm.map(() => true))
    }
  })

  test('agree with a sum over the records of the window', () => {
    const value = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -1e6, max: 1e6, noNaN: true }))
    const records = fc.array(fc.record({ step: fc.nat(25), n: value, key: fc.constantFrom('a', 'b') }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(records, fc.constantFrom(...graphs), (steps, graph) => {
        let time = 0
        const values = steps.map(({ step, n, key }) => rec((time += step), key, n))
        for (const { key, start, end, n, total } of totals(graph, values)) {
          const held = values
            .filter((record) => record.key === key && record.at >= start && record.at < end)
            .map((record) => record.n)
          expect(n).toBe(held.length)
          expect(
            close(
              total,
              held.reduce((a, b) => a + b, 0),
              1e6,
            ),
          ).toBe(true)
        }
      }),
      runs(100),
    )
  })
})
