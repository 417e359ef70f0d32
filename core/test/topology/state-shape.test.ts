import {
  aggregateOf,
  compareState,
  count,
  from,
  list,
  mapState,
  session,
  stateShapes,
  sum,
  topology,
  tumbling,
  type,
  value,
  type Inputs,
  type Outlets,
  type StateShape,
} from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { consoleTable, generate } from './connectors.ts'

interface Click {
  readonly id: string
  readonly page: string
  readonly ms: number
}

const shapes = (build: (inputs: Inputs<{ clicks: Click }>) => Outlets): StateShape[] =>
  stateShapes(
    topology('job')
      .sources(() => ({ clicks: from(generate((): Click => ({ id: '', page: '/', ms: 0 }))) }))
      .build(build)
      .graph({}),
  )

const sink = consoleTable()

test('a shape is plain JSON that says what is stored, by whom, under which key', () => {
  const found = shapes(({ clicks }) => {
    const custom = aggregateOf({
      version: 3,
      init: () => 0,
      add: (n) => n + 1,
      merge: (a, b) => a + b,
      result: (n) => n,
    })
    return {
      a: clicks.dedupe(['id', 'page'], { within: '1m', previousName: 'seen' }).to(sink),
      b: clicks
        .keyBy('page')
        .window(tumbling('1m'))
        .aggregate({ n: count(), ms: sum('ms'), custom })
        .to(sink),
      c: clicks
        .windowAll(session({ gap: '1m' }))
        .reduce((a) => a)
        .to(sink),
      d: clicks
        .keyBy((c) => c.ms)
        .reduce(
          () => 0,
          (n) => n + 1,
        )
        .to(sink),
      e: clicks
        .keyBy('id')
        .process({
          name: 'alerts',
          state: { a: value<number>(), b: list<string>({ version: 2 }), c: mapState<string, number>({ ttl: '1d' }) },
          emits: type<string>(),
          onRecord() {},
        })
        .to(sink),
    }
  })
  expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  expect(found).toEqual([
    {
      name: 'alerts',
      kind: 'process',
      key: { by: 'field', field: 'id' },
      window: null,
      codecs: { a: 'value@1', b: 'list@2', c: 'map@1' },
      previousName: null,
    },
    {
      name: 'clicks.dedupe',
      kind: 'dedupe',
      key: { by: 'fields', fields: ['id', 'page'] },
      window: null,
      codecs: { seen: 'keys@1' },
      previousName: 'seen',
    },
    {
      name: 'clicks.reduce',
      kind: 'reduce',
      key: { by: 'function' },
      window: null,
      codecs: { value: 'value@1' },
      previousName: null,
    },
    {
      name: 'clicks.window',
      kind: 'window',
      key: { by: 'field', field: 'page' },
      window: { kind: 'tumbling', sizeMs: 60_000 },
      codecs: { n: 'count@1', ms: 'sum@1', custom: 'aggregateOf@3' },
      previousName: null,
    },
    {
      name: 'clicks.windowAll',
      kind: 'windowAll',
      key: { by: 'all' },
      window: { kind: 'session', gapMs: 60_000 },
      codecs: { value: 'reduce@1' },
      previousName: null,
    },
  ])
})

describe('comparing', () => {
  const shape: StateShape = {
    name: 'views',
    kind: 'window',
    key: { by: 'field', field: 'page' },
    window: { kind: 'sliding', sizeMs: 60_000, everyMs: 10_000 },
    codecs: { n: 'count@1', ms: 'sum@1' },
    previousName: null,
  }

  test('finds what is the same, new and gone', () => {
    expect(compareState([shape, { ...shape, name: 'old' }], [shape, { ...shape, name: 'young' }])).toEqual([
      { name: 'views', change: 'same' },
      { name: 'young', change: 'new' },
      { name: 'old', change: 'gone' },
    ])
    expect(compareState([], [])).toEqual([])
  })

  test('does not mind the order of results, nor of the fields of JSON', () => {
    const now = { ...shape, codecs: { ms: 'sum@1', n: 'count@1' } }
    expect(compareState([shape], [now])).toEqual([{ name: 'views', change: 'same' }])
  })

  test.each<[string, Partial<StateShape>, string]>([
    ['kind', { kind: 'windowAll' }, 'kind: "window" → "windowAll"'],
    [
      'key',
      { key: { by: 'field', field: 'user' } },
      'key: {"by":"field","field":"page"} → {"by":"field","field":"user"}',
    ],
    [
      'window',
      { window: { kind: 'tumbling', sizeMs: 60_000 } },
      'window: {"everyMs":10000,"kind":"sliding","sizeMs":60000} → {"kind":"tumbling","sizeMs":60000}',
    ],
    ['codecs', { codecs: { n: 'count@2' } }, 'codecs: {"ms":"sum@1","n":"count@1"} → {"n":"count@2"}'],
  ])('says what differs: %s', (_, change, difference) => {
    expect(compareState([shape], [{ ...shape, ...change }])).toEqual([
      { name: 'views', change: 'changed', differences: [difference] },
    ])
  })

  test('minds the order of the fields of a key', () => {
    const key = (...fields: string[]) => ({ ...shape, key: { by: 'fields', fields } as const })
    expect(compareState([key('a', 'b')], [key('b', 'a')])).toMatchObject([{ change: 'changed' }])
  })

  test('carries a renamed state on', () => {
    const now = { ...shape, name: 'page-views', previousName: 'views' }
    expect(compareState([shape], [now])).toEqual([{ name: 'page-views', change: 'renamed', from: 'views' }])
  })

  test('finds what changed while it was renamed', () => {
    const now = { ...shape, name: 'page-views', previousName: 'views', kind: 'windowAll' } as const
    expect(compareState([shape], [now])).toEqual([
      { name: 'page-views', change: 'changed', from: 'views', differences: ['kind: "window" → "windowAll"'] },
    ])
  })

  test('lets a previousName stay in the code after it has done its work', () => {
    const now = { ...shape, name: 'page-views', previousName: 'views' }
    expect(compareState([now], [now])).toEqual([{ name: 'page-views', change: 'same' }])
    expect(compareState([now, shape], [now])).toEqual([
      { name: 'page-views', change: 'same' },
      { name: 'views', change: 'gone' },
    ])
  })
})
