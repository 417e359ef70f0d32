import { list, mapState, value, type ProcessContext, type StateSpecs } from '@millrace/core'
import { checkpoint, crash, drive, type Scripted } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import type { ProcessSpec } from '../../src/topology/process.ts'
import { feed, type Move } from '../engine/support/feed.ts'
import { built } from './support/processed.ts'
import { forms } from './support/through.ts'
import { rec, type Rec } from './support/windowed.ts'

describe.each(forms)('the state of process as %s', (form) => {
  const run = async <const S extends StateSpecs>(
    spec: Omit<ProcessSpec<Rec, string, S, unknown>, 'emits'>,
    ...script: Scripted<Rec>[]
  ): Promise<readonly unknown[]> => {
    const driver = drive(built(spec), { form })
    await driver.send('events', ...script)
    return (await driver.finish()).out
  }

  test('is a value for each key, undefined before it is set and after it is cleared', async () => {
    const out = await run(
      {
        state: { last: value<number>() },
        onRecord({ n }, { key, state, emit }) {
          emit([key, state.last.get()])
          if (n < 0) state.last.clear()
          else state.last.set(n)
        },
      },
      rec(1, 'a', 1),
      rec(1, 'b', 2),
      rec(1, 'a', -1),
      rec(1, 'a', 3),
      rec(1, 'b', 4),
    )
    expect(out).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['a', 1],
      ['a', undefined],
      ['b', 2],
    ])
  })

  test('is a list for each key, and what was emitted of it does not grow', async () => {
    const out = await run(
      {
        state: { all: list<number>() },
        onRecord({ n }, { state, emit }) {
          if (n < 0) state.all.clear()
          else state.all.add(n)
          emit(state.all.all())
        },
      },
      rec(1, 'a', 1),
      rec(1, 'b', 7),
      rec(1, 'a', 2),
      checkpoint(),
      crash(),
      rec(1, 'a', 3),
      rec(1, 'a', -1),
      rec(1, 'a', 4),
    )
    expect(out).toEqual([[1], [7], [1, 2], [1, 2, 3], [], [4]])
  })

  test('is a map for each key, in order of first setting', async () => {
    const out = await run(
      {
        state: { seen: mapState<number, string>() },
        onRecord({ n, at: time }, { state, emit }) {
          if (n < 0) state.seen.delete(-n)
          else state.seen.set(n, `${time}`)
          emit([...state.seen.entries()].map(([k, v]) => `${k}:${v}`).join(' '))
          if (n === 9) state.seen.clear()
        },
      },
      rec(1, 'a', 3),
      rec(2, 'a', 1),
      rec(3, 'a', 3),
      crash(),
      rec(4, 'b', 5),
      rec(5, 'a', -3),
      rec(5, 'a', -7),
      rec(6, 'a', 3),
      rec(7, 'a', 9),
      checkpoint(),
      crash(),
      rec(8, 'a', 1),
    )
    expect(out).toEqual(['3:1', '3:1 1:2', '3:3 1:2', '5:4', '1:2', '1:2', '1:2 3:6', '1:2 3:6 9:7', '1:8'])
  })

  test('is as before when the function throws, timers and outputs included', async () => {
    const out = await run(
      {
        state: { last: value<number>(), all: list<number>(), seen: mapState<number, number>() },
        onRecord({ n, at: time }, { state, emit, timers: set }) {
          emit([state.last.get(), [...state.all.all()], [...state.seen.entries()]])
          state.last.set(n)
          state.all.add(n)
          state.all.add(n)
          if (n === 4) state.all.clear()
          state.seen.set(1, n)
          state.seen.delete(2)
          state.seen.set(3, n)
          if (n > 1) {
            set.cancel('keep')
            set.eventTime(99, 'new')
          } else set.eventTime(time + 50, 'keep')
          emit('half way')
          if (n > 1) throw new Error('no')
          state.seen.set(2, 2)
        },
        onTimer: ({ tag, at: due }, { emit }) => emit(`${tag} ${due}`),
      },
      rec(1, 'a', 1),
      rec(2, 'a', 2),
      rec(2, 'b', 3),
      rec(3, 'a', 4),
      checkpoint(),
      crash(),
      rec(3, 'a', 0),
    )
    const before = [
      1,
      [1, 1],
      [
        [1, 1],
        [3, 1],
        [2, 2],
      ],
    ]
    expect(out).toEqual([[undefined, [], []], 'half way', before, 'half way', 'keep 53'])
  })

  test('keeps nothing of a key whose state was cleared', () => {
    const graph = built({
      state: { last: value<number>({ ttl: 1000 }), all: list<number>(), seen: mapState<number, number>() },
      onRecord({ n }, { state }) {
        if (n > 0) {
          state.last.set(n)
          state.all.add(n)
          state.seen.set(n, n)
        } else {
          state.last.clear()
          state.all.clear()
          state.seen.delete(1)
        }
      },
    }).graph({})
    const all = [rec(1, 'a', 1), rec(2, 'b', 1), rec(3, 'a', 0)]
    expect(feed(graph, { p: all }, [{ read: 'p', records: 2 }, 'checkpoint'], form).stats.entries).toEqual({
      'events.process': 1,
    })
    expect(
      feed(graph, { p: [...all, rec(4, 'b', 0)] }, [{ read: 'p', records: 2 }, 'checkpoint'], form).stats.entries,
    ).toEqual({ 'events.process': 0 })
  })

  test('does not depend on the order in which it is declared', async () => {
    const spec = (swapped: boolean) => {
      const [a, b] = [value<string>(), value<string>()]
      return built({
        state: swapped ? { b, a } : { a, b },
        onRecord({ n }, { state, emit }) {
          emit([state.a.get(), state.b.get()])
          if (n === 1) state.a.set('of a')
        },
      }).graph({})
    }
    const first = feed(spec(false), { p: [rec(1)] }, [], form)
    expect(feed(spec(true), { p: [rec(1)], q: [rec(2)] }, [], form, first.kept).outputs['out']).toEqual([
      ['of a', undefined],
    ])
  })

  test('cannot be used, nor anything else of the context, after the call has returned', async () => {
    let kept: ProcessContext<string, {}, unknown> | undefined
    const errors: unknown[] = []
    const spec = built({
      state: { last: value<number>(), all: list<number>(), seen: mapState<number, number>() },
      onRecord(_, context) {
        kept = context
        const { state, timers: set, emit } = context
        if (errors.length > 0) return
        const uses = [
          () => state.last.get(),
          () => state.last.set(1),
          () => state.all.add(1),
          () => state.seen.set(1, 1),
          () => set.eventTime(1),
          () => set.cancel(),
          () => emit(1),
        ]
        void Promise.resolve().then(() => {
          for (const use of uses) {
            try {
              use()
            } catch (error) {
              errors.push(error)
            }
          }
        })
      },
    })
    const driver = drive(spec, { form })
    await driver.send('events', rec(1))
    await driver.send('events', rec(2, 'b'))
    expect(errors).toHaveLength(7)
    for (const error of errors)
      expect(error).toMatchObject({
        code: 'USER_CODE',
        message: expect.stringContaining('after the call had returned') as string,
      })
    expect(kept?.key).toBe('b')
    expect(await driver.finish()).toEqual({ out: [], deadLetters: [] })
  })

  test('says which state holds what cannot be kept', async () => {
    await expect(
      run({ state: { last: value<unknown>() }, onRecord: (_, { state }) => state.last.set(Symbol('x')) }, rec(1)),
    ).rejects.toMatchObject({
      code: 'USER_CODE',
      node: 'events.process',
      message: 'events.process: a symbol cannot be kept in state',
    })
  })
})

describe.each(forms)('state of process with a ttl, as %s', (form) => {
  const remember = (outOfOrderness = 0) =>
    built(
      {
        state: { last: value<number>({ ttl: 10 }), all: list<number>({ ttl: 10 }) },
        onRecord({ n, key }, { state, emit }) {
          emit(`${key} ${state.last.get() ?? '–'} [${state.all.all().join()}]`)
          if (n === 0) return
          state.last.set(n)
          state.all.add(n)
        },
      },
      { outOfOrderness },
    )

  test('is gone when so much event time has passed since it was written, to the ms', async () => {
    const driver = drive(remember(), { form })
    await driver.send(
      'events',
      rec(1, 'a', 1),
      rec(10, 'a', 2),
      rec(19, 'a', 0),
      rec(20, 'a', 0),
      rec(21, 'a', 3),
      rec(40, 'a', 4),
    )
    expect((await driver.finish()).out).toEqual(['a – []', 'a 1 [1]', 'a 2 [1,2]', 'a – []', 'a – []', 'a – []'])
  })

  test('is gone whether the key sees the time pass or another does, crash or not', async () => {
    const driver = drive(remember(), { form })
    await driver.send(
      'events',
      rec(1, 'a', 1),
      rec(5, 'b', 2),
      checkpoint(),
      crash(),
      rec(11, 'b', 0),
      rec(11, 'a', 0),
      rec(14, 'b', 0),
    )
    expect((await driver.finish()).out).toEqual(['a – []', 'b – []', 'b 2 [2]', 'a – []', 'b 2 [2]'])
  })

  test('does not live shorter for an earlier record that comes later', async () => {
    const driver = drive(remember(50), { form })
    await driver.send('events', rec(30, 'a', 1), rec(21, 'a', 2), rec(39, 'a', 0), rec(40, 'a', 0))
    expect((await driver.finish()).out).toEqual(['a – []', 'a 1 [1]', 'a 2 [1,2]', 'a – []'])
  })

  test('frees what it took', () => {
    const records = Array.from({ length: 500 }, (_, i) => rec(i, `k${i}`))
    const moves: Move[] = Array.from({ length: 50 }, () => ({ read: 'p', records: 10 }))
    const fed = feed(
      remember().graph({}),
      { p: [...records, rec(10_000, 'end', 0), rec(10_000, 'end', 0)] },
      [...moves, { read: 'p', records: 1 }],
      form,
    )
    expect(fed.stats.entries).toEqual({ 'events.process': 0 })
  })

  test('is still there when the job is started again after its end', () => {
    const graph = remember().graph({})
    const ended = feed(graph, { p: [rec(1, 'a', 1), rec(5, 'b', 2)] }, [], form)
    const { outputs } = feed(graph, { p: [], q: [rec(12, 'b', 0), rec(13, 'a', 0)] }, [], form, ended.kept)
    expect(outputs['out']).toEqual(['b 2 [2]', 'a – []'])
  })
})
