import {
  collect,
  count,
  distinct,
  first,
  last,
  max,
  mean,
  min,
  sum,
  tumbling,
  type FiredStream,
  type Stream,
  type WindowOptions,
} from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { graphOf, nodesOf, type Click } from './clicks.ts'
import { consoleTable } from './connectors.ts'

const window = (clicks: Stream<Click>) => clicks.keyBy('page').window(tumbling('1m'))

describe('aggregate', () => {
  test('emits key, bounds and results, each of its type', () => {
    const [, node] = nodesOf((clicks) => {
      const fired = window(clicks).aggregate({
        n: count(),
        sum: sum('ms'),
        mean: mean((c) => c.ms),
        min: min('at'),
        max: max((c) => c.at),
        users: distinct('user'),
        first: first(),
        last: last(),
        all: collect(),
      })
      type Result = typeof fired extends Stream<infer R> ? R : never
      expectTypeOf<Result>().toEqualTypeOf<{
        page: string
        start: number
        end: number
        n: number
        sum: number
        mean: number
        min: number
        max: number
        users: number
        first: Click
        last: Click
        all: Click[]
      }>()
      return fired
    })
    expect(node).toMatchObject({
      kind: 'window',
      output: { kind: 'aggregate', aggregates: { n: { kind: 'count' }, sum: { kind: 'sum', measure: 'ms' } } },
      allowedLatenessMs: 0,
      late: 'deadLetter',
      state: {},
    })
    expect(node).not.toHaveProperty('early')
  })

  test('takes aggregates made elsewhere', () => {
    const traffic = { n: count(), ms: sum('ms'), users: distinct((c: Click) => c.user) }
    nodesOf((clicks) => {
      const fired = window(clicks).aggregate(traffic)
      const users = fired.map((r) => r.users)
      expectTypeOf(users).toEqualTypeOf<Stream<number>>()
      return users
    })
  })

  test('asks of measures that they are of the right type', () => {
    const type = (clicks: Stream<Click>) => {
      // @ts-expect-error -- a text cannot be summed
      window(clicks).aggregate({ s: sum('user') })
      // @ts-expect-error -- a text has no mean
      window(clicks).aggregate({ s: mean((c) => c.user) })
      // @ts-expect-error -- a list is no value to count
      window(clicks).aggregate({ s: distinct('tags') })
      // @ts-expect-error -- the window's own name
      window(clicks).aggregate({ start: count() })
      // @ts-expect-error -- the name of the key
      window(clicks).aggregate({ page: count() })
    }
    expectTypeOf(type).toBeFunction()
  })
})

test('reduce emits key, bounds and the one record that is left', () => {
  const fold = (a: Click, b: Click) => (a.ms > b.ms ? a : b)
  const [, node] = nodesOf((clicks) => {
    const slowest = window(clicks).reduce(fold)
    expectTypeOf(slowest).toEqualTypeOf<
      FiredStream<{ page: string; start: number; end: number; value: Click }, Click>
    >()
    return slowest
  })
  expect(node).toMatchObject({ output: { kind: 'reduce', fn: fold } })
})

test('process emits whatever its function gives out', () => {
  const [, node] = nodesOf((clicks) => {
    const paths = window(clicks).process((values, { page, start, end }) => {
      expectTypeOf(values).toEqualTypeOf<readonly Click[]>()
      expectTypeOf({ page, start, end }).toEqualTypeOf<{ page: string; start: number; end: number }>()
      return values.map((c) => c.user)
    })
    expectTypeOf(paths).toEqualTypeOf<FiredStream<string, Click>>()
    return paths
  })
  expect(node).toMatchObject({ output: { kind: 'process' } })
})

describe('late', () => {
  test('is a stream of the records that came too late', () => {
    const { nodes } = graphOf(({ clicks }) => {
      const views = window(clicks).aggregate({ n: count() })
      expectTypeOf(views.late).toEqualTypeOf<Stream<Click>>()
      return {
        views: views.to(consoleTable()),
        late: views.late.to(consoleTable()),
        bots: views.late.filter((c) => c.bot).to(consoleTable()),
      }
    })
    const late = nodes.filter(({ kind }) => kind === 'late')
    expect(late).toMatchObject([{ inputs: [{ kind: 'window' }] }])
    expect(nodes.map(({ id }) => id)).toEqual(nodes.map((_, i) => i))
  })

  test('is no node when nothing reads it', () => {
    const nodes = nodesOf((clicks) => window(clicks).aggregate({ n: count() }))
    expect(nodes.map(({ kind }) => kind)).toEqual(['keyBy', 'window'])
  })
})

describe('early', () => {
  const early = (option: Exclude<WindowOptions['early'], undefined>) => () =>
    nodesOf((clicks) =>
      clicks
        .keyBy('page')
        .window(tumbling('1m'), { early: option })
        .reduce((a) => a),
    )

  test('is a span of time or a number of records', () => {
    expect(early('1s')().at(-1)).toMatchObject({ early: { everyMs: 1000 } })
    expect(early({ every: 5 })().at(-1)).toMatchObject({ early: { everyRecords: 5 } })
  })

  test('refuses none and fractions', () => {
    expect(early(0)).toThrow('window: early: must be longer than zero')
    expect(early({ every: 0 })).toThrow('window: early: every is a number of records, 1 or more, not 0')
    expect(early({ every: 1.5 })).toThrow('window: early: every is a number of records, 1 or more, not 1.5')
  })
})

test('a window that says not what it emits is an error of the compiler and, from JavaScript, of build()', () => {
  const first = 'a window needs aggregate(), reduce() or process() first: they say what it emits'
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => window(clicks).to(consoleTable()))).toThrow(first)
  // @ts-expect-error -- out of place
  expect(() => nodesOf((clicks) => window(clicks).map((c) => c))).toThrow(first)
})
