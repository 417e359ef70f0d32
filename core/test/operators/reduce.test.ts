import { count, from, topology, tumbling, type Stream } from '@millrace/core'
import { checkpoint, collecting, crash, drive, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { feed } from '../engine/support/feed.ts'
import { partitioned, schedules } from '../engine/support/schedules.ts'
import { unplaced } from '../engine/support/unplaced.ts'
import { runs } from '../support/runs.ts'
import { forms, through } from './support/through.ts'
import { rec, timed, type Rec } from './support/windowed.ts'

const summed = (options: { readonly allowedLateness?: number } = {}) =>
  unplaced(() =>
    topology('summed')
      .sources(() => ({ events: from(scripted<Rec>(), timed) }))
      .build(({ events }) => {
        const sums = events.keyBy('key').reduce(
          () => 0,
          (sum, { n }) => sum + n,
        )
        const windows = sums
          .keyBy('key')
          .window(tumbling(10), { name: 'outputs', ...options })
          .aggregate({ outputs: count() })
        return { sums: sums.to(collecting()), windows: windows.to(collecting()), late: windows.late.to(collecting()) }
      }),
  )

describe.each(forms)('reduce as %s', (form) => {
  test('emits the key and the value so far for every record', async () => {
    const driver = drive(summed(), { form })
    await driver.send('events', rec(1, 'a', 1), rec(1, 'b', 10), rec(2, 'a', 2))
    expect(driver.committed().sums).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 10 },
      { key: 'a', value: 3 },
    ])
  })

  test('takes a late record like any other, and its output is late for the windows that the record was late for', async () => {
    const driver = drive(summed(), { form })
    await driver.send('events', rec(1, 'a', 1), rec(25, 'a', 2), rec(3, 'a', 4), rec(21, 'a', 8))
    const { sums, windows, late } = await driver.finish()
    expect(sums.map(({ value }) => value)).toEqual([1, 3, 7, 15])
    expect(windows).toMatchObject([
      { start: 0, outputs: 1 },
      { start: 20, outputs: 2 },
    ])
    expect(late).toEqual([{ key: 'a', value: 7 }])
  })

  test('goes on after a crash with the values of the checkpoint', async () => {
    const driver = drive(summed(), { form })
    await driver.send(
      'events',
      rec(1, 'a', 1),
      checkpoint(),
      rec(2, 'a', 2),
      rec(2, 'b', 5),
      crash(),
      rec(3, 'a', 4),
      rec(3, 'b', 7),
    )
    expect((await driver.finish()).sums.map(({ key, value }) => `${key} ${value}`)).toEqual([
      'a 1',
      'a 3',
      'b 5',
      'a 7',
      'b 12',
    ])
  })

  test('emits values that a fold which changes its accumulator does not change later', async () => {
    const steps = (events: Stream<number>): Stream<unknown> =>
      events
        .keyBy((n) => n % 2)
        .reduce(
          () => ({ sum: 0, seen: new Set<number>(), list: [[0]] }),
          (kept, n) => {
            kept.sum += n
            kept.seen.add(n)
            kept.list[0]?.push(n)
            return kept
          },
        )
        .map(({ value }) => value)
    expect((await through(form, steps, [1, 3, 2])).out).toEqual([
      { sum: 1, seen: new Set([1]), list: [[0, 1]] },
      { sum: 4, seen: new Set([1, 3]), list: [[0, 1, 3]] },
      { sum: 2, seen: new Set([2]), list: [[0, 2]] },
    ])
  })

  test('keeps what it had when the fold throws', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events
        .keyBy(() => 'all')
        .reduce(
          () => 0,
          (sum, n) => {
            if (n < 0) throw new Error('negative')
            return sum + n
          },
        )
        .map(({ value }) => value)
    const { out, dead } = await through(form, steps, [-1, 1, -2, 2])
    expect(out).toEqual([1, 3])
    expect(dead).toEqual([
      'events.reduce refused -1 of test:0: USER_CODE negative',
      'events.reduce refused -2 of test:2: USER_CODE negative',
    ])
  })

  test('makes a new accumulator for each key', async () => {
    let made = 0
    const steps = (events: Stream<number>): Stream<unknown> =>
      events
        .keyBy((n) => n % 3)
        .reduce(
          () => (made++, 0),
          (sum, n) => sum + n,
        )
    await through(form, steps, [1, 2, 3, 4, 5, 6])
    expect(made).toBe(3)
  })

  test('keeps undefined and null as values', async () => {
    const steps = (events: Stream<number>): Stream<unknown> =>
      events
        .keyBy(() => 'k')
        .reduce(
          (): number | undefined => 0,
          (kept, n) => (kept === undefined ? n : undefined),
        )
    expect((await through(form, steps, [1, 2, 3])).out).toEqual([
      { key: 'k', value: undefined },
      { key: 'k', value: 2 },
      { key: 'k', value: undefined },
    ])
  })

  test('blames what stands behind it, at the key and time of its output', async () => {
    const steps = (events: Stream<number>): Stream<number> =>
      events
        .keyBy((n) => `k${n}`)
        .reduce(
          () => 0,
          (sum, n) => sum + n,
        )
        .map(({ value }) => {
          if (value === 2) throw new Error('two')
          return value
        })
    expect((await through(form, steps, [1, 2])).dead).toEqual([
      'events.map refused {"key":"k2","value":2} of events.reduce:k2@0: USER_CODE two',
    ])
  })

  test('folds each key in the order of its partition, whatever the batches and crashes', () => {
    const names = ['p', 'q']
    const graph = unplaced(() =>
      topology('texts')
        .sources(() => ({ events: from(scripted<Rec>(), timed) }))
        .build(({ events }) => ({
          out: events
            .keyBy('key')
            .reduce(
              () => '',
              (all, { n }) => `${all} ${n}`,
            )
            .to(collecting()),
        })),
    ).graph({})
    const records = fc.array(
      fc.record({ partition: fc.constantFrom(...names), key: fc.constantFrom('a', 'b'), at: fc.nat(50) }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(records, schedules(names), (all, moves) => {
        const { outputs, order } = feed(
          graph,
          partitioned(
            names,
            all.map((record, n) => ({ ...record, n })),
          ),
          moves,
          form,
        )
        const kept: Record<string, string> = { a: '', b: '' }
        const expected = (order as [string, Rec][]).map(([, { key, n }]) => ({ key, value: (kept[key] += ` ${n}`) }))
        expect(outputs['out']).toEqual(expected)
      }),
      runs(50),
    )
  })

  test('tells what cannot be kept in state, and where', async () => {
    class Total {
      n = 0
    }
    const steps = (events: Stream<number>): Stream<unknown> =>
      events
        .keyBy(() => 'k', { name: 'keyed' })
        .reduce(
          () => new Total(),
          (total) => total,
          { name: 'totals' },
        )
    await expect(through(form, steps, [1])).rejects.toMatchObject({
      code: 'USER_CODE',
      node: 'totals',
      message: expect.stringMatching(/^totals: .*an instance of Total cannot be kept in state/) as string,
    })
  })
})
