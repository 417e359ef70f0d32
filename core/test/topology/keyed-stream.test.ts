import { list, mapState, sliding, type, value, type Stream, type WindowedStream } from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { nodesOf, type Click } from './clicks.ts'
import { consoleTable } from './connectors.ts'

test('window keeps its options, in milliseconds', () => {
  const [, window] = nodesOf((clicks) => {
    const windows = clicks.keyBy('page').window(sliding({ size: '1m', every: '10s' }), {
      name: 'views',
      previousName: 'hits',
      allowedLateness: '5s',
      early: '1s',
      late: 'drop',
      onError: 'skip',
    })
    expectTypeOf(windows).toEqualTypeOf<WindowedStream<Click, { page: string }>>()
    return windows.reduce((a) => a)
  })
  expect(window).toMatchObject({
    kind: 'window',
    name: 'views',
    spec: { kind: 'sliding', sizeMs: 60_000, everyMs: 10_000 },
    allowedLatenessMs: 5000,
    early: { everyMs: 1000 },
    late: 'drop',
    state: { previousName: 'hits' },
    onError: 'skip',
    inputs: [{ kind: 'keyBy' }],
  })
})

describe('reduce', () => {
  test('emits the fields of the key and the value so far', () => {
    const init = () => 0
    const fold = (sum: number, c: Click) => sum + c.ms
    const [, reduce] = nodesOf((clicks) => {
      const sums = clicks.keyBy('page').reduce(init, fold, { name: 'sums', previousName: 'totals' })
      expectTypeOf(sums).toEqualTypeOf<Stream<{ page: string; value: number }>>()
      return sums
    })
    expect(reduce).toMatchObject({ kind: 'reduce', init, fn: fold, name: 'sums', state: { previousName: 'totals' } })
  })

  test('takes an accumulator of any type, and the same one back', () => {
    nodesOf((clicks) => {
      const pages = clicks
        .keyBy((c) => c.at)
        .reduce(
          () => new Set<string>(),
          (seen, c) => seen.add(c.page),
        )
      expectTypeOf(pages).toEqualTypeOf<Stream<{ key: number; value: Set<string> }>>()
      const bad = (): unknown =>
        clicks.keyBy('page').reduce(
          () => 0,
          // @ts-expect-error -- another type than init() gives
          (_, c) => c.page,
        )
      expectTypeOf(bad).toBeFunction()
      return pages
    })
  })

  test('refuses what is no function', () => {
    // @ts-expect-error -- as from JavaScript
    expect(() => nodesOf((clicks) => clicks.keyBy('page').reduce(0, (n) => n))).toThrow('reduce() needs a function')
  })
})

describe('process', () => {
  test('types key, state, timers and what it emits', () => {
    interface Alert {
      readonly user: string
      readonly n: number
    }
    const [, process] = nodesOf((clicks) => {
      const alerts = clicks.keyBy('user').process({
        name: 'alerts',
        previousName: 'warnings',
        onError: 'fail',
        state: { n: value<number>({ version: 2 }), pages: list<string>(), seen: mapState<string, Date>({ ttl: '1d' }) },
        emits: type<Alert>(),
        onRecord(c, { key, time, watermark, state, emit, timers }) {
          expectTypeOf(c).toEqualTypeOf<Click>()
          expectTypeOf(key).toEqualTypeOf<string>()
          expectTypeOf([time, watermark]).toEqualTypeOf<number[]>()
          expectTypeOf(state.n.get()).toEqualTypeOf<number | undefined>()
          expectTypeOf(state.pages.all()).toEqualTypeOf<readonly string[]>()
          expectTypeOf(state.seen.entries()).toEqualTypeOf<Iterable<readonly [string, Date]>>()
          timers.eventTime(c.at + 60_000, 'forget')
          emit({ user: key, n: state.n.get() ?? 0 })
          // @ts-expect-error -- not an Alert
          emit({ user: key })
        },
        onTimer({ at, tag }, { state }) {
          expectTypeOf(at).toEqualTypeOf<number>()
          expectTypeOf(tag).toEqualTypeOf<string | undefined>()
          state.n.clear()
        },
      })
      expectTypeOf(alerts).toEqualTypeOf<Stream<Alert>>()
      return alerts
    })
    expect(process).toMatchObject({
      kind: 'process',
      name: 'alerts',
      slots: {
        n: { kind: 'value', version: 2 },
        pages: { kind: 'list', version: 1 },
        seen: { kind: 'map', version: 1, ttlMs: 86_400_000 },
      },
      state: { previousName: 'warnings' },
      onError: 'fail',
      onRecord: expect.any(Function),
      onTimer: expect.any(Function),
    })
  })

  test('needs no timers', () => {
    const [, process] = nodesOf((clicks) =>
      clicks.keyBy('user').process({ state: {}, emits: type<string>(), onRecord: (c, { emit }) => emit(c.page) }),
    )
    expect(process).not.toHaveProperty('onTimer')
  })

  test('refuses a missing function', () => {
    // @ts-expect-error -- as from JavaScript
    expect(() => nodesOf((clicks) => clicks.keyBy('user').process({ state: {}, emits: type<string>() }))).toThrow(
      'process({ onRecord }) needs a function, not nothing',
    )
  })
})

test('what loses the key is an error of the compiler and, from JavaScript, of build()', () => {
  const after = 'after keyBy() come window(), reduce() or process(): do this step before keyBy(), or after them'
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => clicks.keyBy('id').map((c) => c))).toThrow(`map(): ${after}`)
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => clicks.keyBy('id').filter((c) => c.bot))).toThrow(`filter(): ${after}`)
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => clicks.keyBy('id').flatMap((c) => c.tags))).toThrow(`flatMap(): ${after}`)
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => clicks.keyBy('id').to(consoleTable()))).toThrow(`to(): ${after}`)
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => clicks.keyBy('id').aggregate({}))).toThrow(
    'aggregate() needs a window: call window()',
  )
})
