import {
  count,
  tumbling,
  type FiredStream,
  type KeyedStream,
  type Outlet,
  type Stream,
  type WindowedStream,
} from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { click, graphOf, nodesOf, type Click } from './clicks.ts'
import { consoleTable, elasticsearch } from './connectors.ts'

const here = expect.stringMatching(/\/core\/test\/topology\/stream\.test\.ts:\d+:\d+$/)

describe('map', () => {
  test('adds a node and takes the type of what its function gives', () => {
    const fn = (c: Click) => c.page.length
    const [map] = nodesOf((clicks) => {
      const lengths = clicks.map(fn)
      expectTypeOf(lengths).toEqualTypeOf<Stream<number>>()
      return lengths
    })
    expect(map).toMatchObject({ kind: 'map', id: 1, fn, onError: 'deadLetter', at: here, inputs: [{ kind: 'source' }] })
  })

  test('can be named, and told what to do on an error', () => {
    expect(nodesOf((clicks) => clicks.map((c) => c, { name: 'same', onError: 'skip' }))).toMatchObject([
      { name: 'same', onError: 'skip' },
    ])
  })
})

describe('filter', () => {
  test('keeps the type, or narrows it when given a type guard', () => {
    const [filter] = nodesOf((clicks) => {
      const bots = clicks.filter((c) => c.bot)
      expectTypeOf(bots).toEqualTypeOf(clicks)
      const isHome = (c: Click): c is Click & { page: '/' } => c.page === '/'
      const home = clicks.filter(isHome, { name: 'home' })
      expectTypeOf(home).toEqualTypeOf<Stream<Click & { page: '/' }>>()
      return bots.union(home)
    })
    expect(filter).toMatchObject({ kind: 'filter' })
  })

  test('narrows by a plain comparison', () => {
    nodesOf((clicks) => {
      const refs = clicks.map((c) => c.ref).filter((ref) => ref !== undefined)
      expectTypeOf(refs).toEqualTypeOf<Stream<string>>()
      return refs
    })
  })
})

test('flatMap takes the type of what it gives out one by one', () => {
  const [flatMap] = nodesOf((clicks) => {
    const tags = clicks.flatMap((c) => c.tags)
    expectTypeOf(tags).toEqualTypeOf<Stream<string>>()
    const pairs = clicks.flatMap(function* (c) {
      yield [c.user, c.page] as const
    })
    expectTypeOf(pairs).toEqualTypeOf<Stream<readonly [string, string]>>()
    // @ts-expect-error -- a click is not iterable
    const bad = (): unknown => clicks.flatMap((c) => c)
    expectTypeOf(bad).toBeFunction()
    return tags.map((tag) => [tag]).union(pairs)
  })
  expect(flatMap).toMatchObject({ kind: 'flatMap' })
})

test('tap passes records on as they are', () => {
  const [tap] = nodesOf((clicks) => {
    const same = clicks.tap((c) => c.page)
    expectTypeOf(same).toEqualTypeOf(clicks)
    return same
  })
  expect(tap).toMatchObject({ kind: 'tap' })
})

describe('dedupe', () => {
  test('keeps what tells records apart, for how long, and the earlier name of its state', () => {
    const [dedupe] = nodesOf((clicks) => {
      const once = clicks.dedupe(['id', 'user'], { within: '10m', name: 'once', previousName: 'seen', onError: 'fail' })
      expectTypeOf(once).toEqualTypeOf(clicks)
      return once
    })
    expect(dedupe).toMatchObject({
      kind: 'dedupe',
      by: ['id', 'user'],
      withinMs: 600_000,
      name: 'once',
      state: { previousName: 'seen' },
      onError: 'fail',
    })
  })

  test('takes a field, fields or a function of scalars', () => {
    nodesOf((clicks) => {
      // @ts-expect-error -- a list is no scalar
      const byList = (): unknown => clicks.dedupe('tags', { within: '1m' })
      // @ts-expect-error -- no such field
      const byNothing = (): unknown => clicks.dedupe('nope', { within: '1m' })
      expectTypeOf([byList, byNothing]).toBeArray()
      return clicks.dedupe('id', { within: '1m' }).dedupe((c) => c.at, { within: '1m', name: 'second' })
    })
  })

  test('refuses a span of nothing', () => {
    expect(() => nodesOf((clicks) => clicks.dedupe('id', { within: 0 }))).toThrow(
      'dedupe: within: must be longer than zero',
    )
  })
})

describe('keyBy', () => {
  test('types the key and names it in results', () => {
    const type = (clicks: Stream<Click>) => {
      expectTypeOf(clicks.keyBy('page')).toEqualTypeOf<KeyedStream<Click, string, { page: string }>>()
      expectTypeOf(clicks.keyBy('at')).toEqualTypeOf<KeyedStream<Click, number, { at: number }>>()
      expectTypeOf(clicks.keyBy(['user', 'at'])).toEqualTypeOf<
        KeyedStream<Click, string, { user: string; at: number }>
      >()
      expectTypeOf(clicks.keyBy((c) => c.page.length)).toEqualTypeOf<KeyedStream<Click, number, { key: number }>>()
      expectTypeOf(clicks.keyBy((c) => (c.bot ? 'bot' : 'human'))).toEqualTypeOf<
        KeyedStream<Click, string, { key: string }>
      >()
      // @ts-expect-error -- a list is no key
      clicks.keyBy((c) => c.tags)
      // @ts-expect-error -- a key that may be missing
      clicks.keyBy('ref')
      // @ts-expect-error -- no such field
      clicks.keyBy('nope')
    }
    expectTypeOf(type).toBeFunction()
  })

  test('adds a node', () => {
    const [keyBy] = nodesOf((clicks) =>
      clicks.keyBy(['user', 'page'], { onError: 'fail' }).reduce(
        () => 0,
        (n) => n + 1,
      ),
    )
    expect(keyBy).toMatchObject({ kind: 'keyBy', by: ['user', 'page'], onError: 'fail' })
  })
})

describe('window without a key', () => {
  test('is an error of the compiler and, from JavaScript, of build()', () => {
    const build = () =>
      nodesOf((clicks) => {
        // @ts-expect-error -- needs a key
        return clicks.window(tumbling('1m'))
      })
    expect(build).toThrow(
      /^window\(\) needs a key: call keyBy\(\) first, or windowAll\(\) for one window over everything \(at \S+stream\.test\.ts:\d+:\d+\)$/,
    )
  })
})

test('windowAll has no key', () => {
  const [windowAll] = nodesOf((clicks) => {
    const windows = clicks.windowAll(tumbling('1m'))
    expectTypeOf(windows).toEqualTypeOf<WindowedStream<Click, {}>>()
    const counts = windows.aggregate({ n: count() })
    expectTypeOf(counts).toEqualTypeOf<FiredStream<{ start: number; end: number; n: number }, Click>>()
    // @ts-expect-error -- not a window
    expect(() => clicks.windowAll('1m')).toThrow('windowAll() needs tumbling(), sliding() or session()')
    return counts
  })
  expect(windowAll).toMatchObject({ kind: 'windowAll', spec: { kind: 'tumbling', sizeMs: 60_000 } })
})

describe('union', () => {
  test('joins types and nodes', () => {
    const nodes = nodesOf((clicks) => {
      const pages = clicks.map((c) => c.page)
      const times = clicks.map((c) => c.at)
      const all = clicks.union(pages, times)
      expectTypeOf(all).toEqualTypeOf<Stream<Click | string | number>>()
      return all
    })
    expect(nodes.at(-1)).toMatchObject({ kind: 'union', inputs: [{ kind: 'source' }, { id: 1 }, { id: 2 }] })
  })

  test('refuses what is no stream, and streams of another topology', () => {
    let other: Stream<Click> | undefined
    graphOf(({ clicks }) => {
      other = clicks
      return { out: clicks.to(consoleTable()) }
    })
    // @ts-expect-error -- as from JavaScript
    expect(() => nodesOf((clicks) => clicks.union([1]))).toThrow('union() takes streams of the same build() only')
    // @ts-expect-error -- a keyed stream is none
    expect(() => nodesOf((clicks) => clicks.union(clicks.keyBy('id')))).toThrow(
      'union() takes streams of the same build()',
    )
    expect(() => nodesOf((clicks) => clicks.union(other ?? clicks))).toThrow(
      'union() takes streams of the same build()',
    )
  })
})

describe('to', () => {
  test('types the output, and takes sinks of that type or a wider one', () => {
    graphOf(({ clicks }) => {
      const out = clicks.to(consoleTable())
      expectTypeOf(out).toEqualTypeOf<Outlet<Click>>()
      // @ts-expect-error -- of another type
      const bad = (): unknown => clicks.to(elasticsearch<{ nope: string }>({ index: 'x', id: 'nope' }))
      expectTypeOf(bad).toBeFunction()
      return { out }
    })
  })

  test('becomes a node under the name it is returned by, where to() was called', () => {
    const sink = consoleTable()
    const { sinks } = graphOf(({ clicks }) => ({ out: clicks.to(sink, { onError: 'fail' }) }))
    expect(sinks).toMatchObject([
      { kind: 'sink', name: 'out', sink, onError: 'fail', at: here, inputs: [{ name: 'clicks' }] },
    ])
  })
})

test('a stream is no use after build()', () => {
  let late: Stream<Click> | undefined
  graphOf(({ clicks }) => {
    late = clicks
    return { out: clicks.to(consoleTable()) }
  })
  expect(() => late?.map((c) => c)).toThrow('map() comes too late: a topology is described inside build() only')
  expect(() => late?.to(consoleTable())).toThrow('to() comes too late')
})

test('refuses what is no function, and policies it does not know', () => {
  // @ts-expect-error -- as from JavaScript
  expect(() => nodesOf((clicks) => clicks.map('page'))).toThrow(
    /^map\(\) needs a function, not a value of type string \(at .+\)$/,
  )
  // @ts-expect-error -- as from JavaScript
  expect(() => nodesOf((clicks) => clicks.filter())).toThrow('filter() needs a function, not nothing')
  // @ts-expect-error -- as from JavaScript
  expect(() => nodesOf((clicks) => clicks.map((c) => c, { onError: 'ignore' }))).toThrow(
    `onError is one of 'fail', 'skip' and 'deadLetter', not "ignore"`,
  )
})

test('nothing runs while a topology is described, and what it is made of is frozen', () => {
  const ran: string[] = []
  const graph = graphOf(({ clicks }) => ({ out: clicks.tap(() => void ran.push('tap')).to(consoleTable()) }))
  expect(ran).toEqual([])
  expect([graph, graph.nodes, ...graph.nodes, ...graph.nodes.map(({ inputs }) => inputs)].every(Object.isFrozen)).toBe(
    true,
  )
  expect(graph.nodes.map(({ id }) => id)).toEqual([0, 1, 2])
  expect(click.page).toBe('/')
})
