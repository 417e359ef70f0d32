import { count, from, list, mapState, topology, tumbling, type, value } from '@millrace/core'
import { at, checkpoint, collecting, crash, drive, scripted, type Scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OnError } from '../../src/topology/node.ts'
import { feed } from '../engine/support/feed.ts'
import { oneByOne, partitioned, schedules } from '../engine/support/schedules.ts'
import { unplaced } from '../engine/support/unplaced.ts'
import { runs } from '../support/runs.ts'
import { built, timers } from './support/processed.ts'
import { forms, told } from './support/through.ts'
import { rec, timed, type Rec } from './support/windowed.ts'

describe.each(forms)('event-time timers of process as %s', (form) => {
  const run = async (spec: ReturnType<typeof timers>, ...script: Scripted<Rec>[]): Promise<readonly unknown[]> => {
    const driver = drive(spec, { form })
    await driver.send('events', ...script)
    return (await driver.finish()).out
  }

  test('fire when the watermark reaches them, in order of time, key and tag', async () => {
    const spec = timers(({ n }, { timers: set }) => {
      set.eventTime(n, 'y')
      set.eventTime(n, 'x')
      set.eventTime(n - 1)
    })
    const driver = drive(spec, { form })
    await driver.send('events', rec(1, 'b', 10), rec(1, 'a', 10), rec(9, 'c', 50))
    expect(driver.committed().out).toEqual(['a – due 9 at 9', 'b – due 9 at 9'])
    await driver.send('events', rec(10, 'c', 50))
    expect(driver.committed().out.slice(2)).toEqual([
      'a x due 10 at 10',
      'a y due 10 at 10',
      'b x due 10 at 10',
      'b y due 10 at 10',
    ])
  })

  test('fire before a record that the watermark lets come after them', async () => {
    const spec = built({
      state: {},
      onRecord({ at: time }, { emit, timers: set }) {
        emit(`record ${time}`)
        set.eventTime(time + 5, String(time))
      },
      onTimer: ({ tag }, { emit }) => emit(`timer of ${tag}`),
    })
    const records = [rec(1), rec(6), rec(7), rec(20), rec(21)]
    const expected = [
      'record 1',
      'record 6',
      'timer of 1',
      'record 7',
      'record 20',
      'timer of 6',
      'timer of 7',
      'record 21',
      'timer of 20',
      'timer of 21',
    ]
    for (const moves of [[], [{ read: 'p', records: 2 }], records.map(() => ({ read: 'p', records: 1 }))]) {
      expect(feed(spec.graph({}), { p: records }, moves, form).outputs['out']).toEqual(expected)
    }
  })

  test('move when they are set again, and are gone when they are cancelled', async () => {
    const spec = timers(({ n }, { timers: set }) => {
      if (n === 0) set.cancel('x')
      else set.eventTime(n, 'x')
    })
    expect(
      await run(
        spec,
        rec(1, 'a', 10),
        rec(2, 'a', 30),
        rec(2, 'b', 5),
        rec(3, 'b', 4),
        rec(2, 'c', 7),
        rec(3, 'c', 0),
        rec(20, 'z', 90),
      ),
    ).toEqual(['b x due 4 at 4', 'a x due 30 at 30', 'z x due 90 at 90'])
  })

  test('of one tag are apart from those of another, of none and of the empty tag', async () => {
    const spec = timers((_, { timers: set }) => {
      set.eventTime(10)
      set.eventTime(11, '')
      set.eventTime(12, 'x')
      set.eventTime(13, 'e:x')
      set.cancel('x')
      set.cancel('y')
    })
    expect(await run(spec, rec(1), rec(100))).toEqual(
      expect.arrayContaining(['a – due 10 at 10', 'a  due 11 at 11', 'a e:x due 13 at 13']),
    )
  })

  test('that are set for a time that has passed fire with the next step of the watermark, at the time that was reached', async () => {
    const spec = timers(({ n }, { timers: set }) => {
      if (n > 0) set.eventTime(n)
    })
    const driver = drive(spec, { form })
    await driver.send('events', rec(50, 'z', 0), rec(50, 'a', 3))
    expect(driver.committed().out).toEqual([])
    await driver.send('events', rec(51, 'z', 0))
    expect(driver.committed().out).toEqual(['a – due 3 at 50'])
  })

  test('may be set by a timer: later ones fire as the watermark reaches them', async () => {
    const spec = built({
      state: {},
      onRecord: (_, { timers: set }) => set.eventTime(10),
      onTimer({ at: due }, { emit, timers: set }) {
        emit(due)
        set.eventTime(due + 10)
      },
    })
    const driver = drive(spec, { form })
    await driver.send('events', rec(1), rec(45))
    expect(driver.committed().out).toEqual([10, 20, 30, 40])
    // The end of the input fires what was set by then, and nothing that this sets in its turn.
    expect((await driver.finish()).out).toEqual([10, 20, 30, 40, 50])
  })

  test('that set themselves again for the same time, or an earlier one, do not hold up the watermark', async () => {
    for (const back of [0, 5]) {
      const spec = built({
        state: {},
        onRecord: ({ n }, { timers: set }) => (n > 0 ? set.eventTime(10) : undefined),
        onTimer({ at: due }, { emit, timers: set, time }) {
          emit(`${due} at ${time}`)
          set.eventTime(due - back)
        },
      })
      const driver = drive(spec, { form })
      await driver.send('events', rec(1), rec(20, 'z', 0), rec(30, 'z', 0))
      expect(driver.committed().out).toEqual(['10 at 10', `${10 - back} at 20`])
      expect((await driver.finish()).out).toHaveLength(3)
    }
  })

  test('see the watermark that they fire with, and emit at their own time', async () => {
    const spec = unplaced(() =>
      topology('windows')
        .sources(() => ({ events: from(scripted<Rec>(), timed) }))
        .build(({ events }) => {
          const fired = events.keyBy('key').process({
            state: {},
            emits: type<number>(),
            onRecord: ({ n }, { timers: set }) => set.eventTime(n),
            onTimer: (_, { emit, watermark }) => emit(watermark),
          })
          const windows = fired.windowAll(tumbling(10)).aggregate({ n: count() })
          return {
            seen: fired.to(collecting()),
            windows: windows.to(collecting()),
            late: windows.late.to(collecting()),
          }
        }),
    )
    const driver = drive(spec, { form })
    await driver.send('events', rec(1, 'a', 5), rec(2, 'b', 9), rec(2, 'c', 10), rec(35, 'z', 90))
    expect(await driver.finish()).toEqual({
      seen: [35, 35, 35, Infinity],
      windows: [
        { start: 0, end: 10, n: 2 },
        { start: 10, end: 20, n: 1 },
        { start: 90, end: 100, n: 1 },
      ],
      late: [],
      deadLetters: [],
    })
  })

  test('take back what they did when they throw, and become a dead letter', async () => {
    const spec = built({
      state: { fired: value<number>() },
      onRecord: ({ n }, { timers: set, state, emit }) => {
        emit(state.fired.get())
        set.eventTime(n)
      },
      onTimer({ at: due }, { emit, state, timers: set }) {
        state.fired.set(due)
        emit(due)
        set.eventTime(due + 1, 'more')
        if (due === 5) throw new Error('five')
      },
    })
    const driver = drive(spec, { form })
    await driver.send('events', rec(1, 'a', 5), rec(6, 'b', 7), rec(8, 'c', 90))
    const { out, deadLetters } = await driver.finish()
    expect(out).toEqual([undefined, undefined, undefined, 7, 8, 9, 90])
    expect(deadLetters.map(told)).toEqual([
      'events.process refused {"key":"a","at":5} of events.process:a@5: USER_CODE five',
    ])
  })

  test.each(['NaN', 'Infinity', '-Infinity'])('cannot be set for %s', async (text) => {
    const spec = timers((_, { timers: set }) => set.eventTime(Number(text)))
    const driver = drive(spec, { form })
    await driver.send('events', rec(1))
    expect((await driver.finish()).deadLetters).toMatchObject([
      { code: 'BAD_VALUE', message: `a timer is set for a time in ms since 1970, not for ${text}` },
    ])
  })

  test('stop the job when they throw and the node says to fail', async () => {
    const onError: OnError = 'fail'
    const spec = built({
      state: {},
      onError,
      onRecord: (_, { timers: set }) => set.eventTime(5),
      onTimer() {
        throw new Error('no')
      },
    })
    const driver = drive(spec, { form })
    await expect(driver.send('events', rec(1), rec(9))).rejects.toMatchObject({
      code: 'USER_CODE',
      node: 'events.process',
      position: 'a@5',
    })
  })
})

describe.each(forms)('processing-time timers of process as %s', (form) => {
  const spec = () =>
    built({
      state: {},
      onRecord: ({ n }, { timers: set, key }) => (n > 0 ? set.processingTime(n, key) : set.cancel(key)),
      onTimer({ at: due, tag }, { emit, timers: set, time }) {
        emit(`${tag} due ${due} at ${time}`)
        if (tag === 'again') set.processingTime(due)
        if (tag === 'periodic') set.processingTime(due + 100, 'periodic')
      },
    })

  test('fire as the clock passes, at the watermark', async () => {
    const driver = drive(spec(), { form })
    await driver.send('events', at(10, rec(7, 'a', 100)), at(11, rec(8, 'b', 50)))
    await driver.advance(38)
    expect(driver.committed().out).toEqual([])
    await driver.advance(1)
    expect(driver.committed().out).toEqual(['b due 50 at 8'])
    await driver.advance(50)
    expect(driver.committed().out).toEqual(['b due 50 at 8', 'a due 100 at 8'])
  })

  test('survive a crash, and can be moved and cancelled', async () => {
    const driver = drive(spec(), { form })
    await driver.send(
      'events',
      at(10, rec(7, 'a', 100)),
      rec(7, 'b', 100),
      rec(7, 'c', 100),
      checkpoint(),
      crash(),
      rec(8, 'a', 200),
      rec(8, 'b', -1),
    )
    await driver.advance(100)
    expect(driver.committed().out).toEqual(['c due 100 at 8'])
    await driver.advance(100)
    expect(driver.committed().out).toEqual(['c due 100 at 8', 'a due 200 at 8'])
  })

  test('that set themselves again fire once for each time that has passed, and once a tick for none', async () => {
    const driver = drive(spec(), { form })
    await driver.send('events', at(10, rec(7, 'again', 20)), rec(7, 'periodic', 20))
    await driver.advance(300)
    expect(driver.committed().out).toEqual([
      'again due 20 at 7',
      'periodic due 20 at 7',
      'periodic due 120 at 7',
      'periodic due 220 at 7',
    ])
  })

  test('do not fire at the end of the input', async () => {
    const driver = drive(spec(), { form })
    await driver.send('events', at(10, rec(7, 'a', 100)))
    expect((await driver.finish()).out).toEqual([])
  })
})

describe.each(forms)('process over crashes, as %s', (form) => {
  /** Sums a key's numbers until it was silent for so long, forgets them then, and remembers the biggest over all sessions. */
  const spec = built({
    state: {
      sum: value<number>(),
      items: list<number>(),
      seen: mapState<number, number>(),
      recent: value<number>({ ttl: 25 }),
    },
    onRecord({ n, at: time, key }, { state, timers: set, emit, watermark }) {
      if (n === 13) throw new Error(`${key} ${time}`)
      state.sum.set((state.sum.get() ?? 0) + n)
      state.items.add(n)
      state.seen.set(n, (state.seen.get(n) ?? 0) + 1)
      if (n === 3) state.seen.delete(2)
      emit([key, 'recent', state.recent.get(), watermark])
      if (n !== 4) state.recent.set(n)
      if (n === 5) set.cancel('idle')
      else set.eventTime(time + 10, 'idle')
      if (n === 6) set.eventTime(time - 7, 'past')
    },
    onTimer({ at: due, tag }, { state, emit, key, time }) {
      if (tag === 'past') return emit([key, tag, due, time])
      emit([key, due, time, state.sum.get(), state.items.all(), [...state.seen.entries()]])
      state.sum.clear()
      state.items.clear()
      if ((state.seen.get(1) ?? 0) > 2) state.seen.clear()
    },
  })

  const script = [
    rec(1, 'a', 1),
    rec(2, 'b', 2),
    rec(8, 'a', 13),
    rec(9, 'a', 2),
    rec(15, 'b', 3),
    rec(16, 'b', 6),
    rec(31, 'a', 1),
    rec(33, 'b', 5),
    rec(34, 'c', 4),
    rec(70, 'a', 1),
    rec(71, 'b', 1),
  ]

  test('gives the same wherever it crashes, and wherever it had its checkpoint', async () => {
    const undisturbed = drive(spec, { form })
    await undisturbed.send('events', ...script)
    const expected = await undisturbed.finish()
    expect(expected.out.length).toBeGreaterThan(script.length)
    for (let stored = 0; stored <= script.length; stored++) {
      for (let crashed = stored; crashed <= script.length; crashed++) {
        const driver = drive(spec, { form })
        await driver.send(
          'events',
          ...script.slice(0, stored),
          checkpoint(),
          ...script.slice(stored, crashed),
          crash(),
          ...script.slice(crashed),
        )
        expect(await driver.finish()).toEqual(expected)
      }
    }
  })

  test('gives the same whatever the batches, checkpoints and crashes', () => {
    const graph = spec.graph({})
    const records = fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        step: fc.integer({ min: -6, max: 14 }),
        n: fc.constantFrom(0, 1, 1, 2, 3, 4, 5, 6, 13),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(records, schedules(['p']), (steps, moves) => {
        let now = 20
        const all = steps.map(({ key, step, n }) => rec((now = Math.max(0, now + step)), key, n))
        const one = feed(
          graph,
          { p: all },
          all.map(() => ({ read: 'p', records: 1 })),
          form,
        )
        const fed = feed(graph, { p: all }, moves, form)
        expect(fed.outputs).toEqual(one.outputs)
        expect(fed.deadLetters).toEqual(one.deadLetters)
      }),
      runs(60),
    )
  })

  test('gives the same for records of several partitions as if each were a batch of its own', () => {
    const graph = spec.graph({})
    const names = ['p', 'q', 'r']
    const records = fc.array(
      fc.record({
        partition: fc.constantFrom(...names),
        key: fc.constantFrom('a', 'b'),
        step: fc.integer({ min: -6, max: 14 }),
        n: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 13),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(records, schedules(names), (steps, moves) => {
        const now: Record<string, number> = { p: 20, q: 20, r: 20 }
        const all = partitioned(
          names,
          steps.map(({ partition, key, step, n }) => ({
            partition,
            ...rec((now[partition] = Math.max(0, (now[partition] ?? 0) + step)), key, n),
          })),
        )
        const fed = feed(graph, all, moves, form)
        const one = feed(graph, all, oneByOne(fed.reads, all), form)
        expect(fed.outputs).toEqual(one.outputs)
        expect(fed.deadLetters).toEqual(one.deadLetters)
      }),
      runs(60),
    )
  })
})
