import {
  from,
  int,
  resolveParams,
  secret,
  string,
  topology,
  type Secret,
  type Stream,
  type Topology,
} from '@millrace/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { click, type Click } from './clicks.ts'
import { consoleTable, files, generate } from './connectors.ts'

const clicks = () =>
  from(
    generate((): Click => click),
    { eventTime: 'at' },
  )

const copy = topology('copy')
  .params({ out: string(), every: int({ default: 5 }), password: secret() })
  .sources((p) => {
    expectTypeOf(p).toEqualTypeOf<{ out: string; every: number; password: Secret }>()
    return { clicks: clicks() }
  })
  .build((inputs, p) => {
    expectTypeOf(inputs.clicks).toEqualTypeOf<Stream<Click>>()
    expectTypeOf(p.every).toEqualTypeOf<number>()
    return { out: inputs.clicks.map((c) => c.page).to(files({ path: p.out })) }
  })

test('has a name, parameters, and types for its sources and sinks', () => {
  expectTypeOf(copy).toExtend<
    Topology<{ out: string; every: number; password: Secret }, { clicks: Click }, { out: string }>
  >()
  expect(copy.name).toBe('copy')
  expect(Object.keys(copy.params)).toEqual(['out', 'every', 'password'])
  expect(Object.isFrozen(copy)).toBe(true)
})

test('gives a graph of its own for each set of parameters', () => {
  const params = (out: string) => resolveParams(copy.params, { set: { out, password: 'env:P' }, env: { P: 'x' } })
  const graphs = ['/a', '/b'].map((out) => copy.graph(params(out) as Parameters<typeof copy.graph>[0]))
  expect(graphs.map(({ sinks }) => sinks[0]?.sink.description)).toEqual(['/a', '/b'])
  expect(graphs[0]).toMatchObject({ name: 'copy', sources: [{ name: 'clicks' }], sinks: [{ name: 'out' }] })
  expect(graphs[0]?.nodes.map(({ kind }) => kind)).toEqual(['source', 'map', 'sink'])
})

test('keeps the options of its sources', () => {
  const t = topology('x')
    .sources(() => ({
      clicks: from(
        generate((): Click => click),
        { eventTime: 'at', maxAhead: '2h', onError: 'fail' },
      ),
    }))
    .build((inputs) => ({ out: inputs.clicks.to(consoleTable()) }))
  expect(t.graph({}).sources).toMatchObject([
    { kind: 'source', name: 'clicks', eventTime: 'at', maxAheadMs: 7_200_000, onError: 'fail', inputs: [] },
  ])
})

describe('mistakes', () => {
  test('show at once where there are no parameters', () => {
    const build = () =>
      topology('x')
        .sources(() => ({ clicks: clicks() }))
        .build(() => ({}))
    expect(build).toThrow("topology 'x' cannot run:")
  })

  test('show with the parameters where there are some', () => {
    const t = topology('x')
      .params({ out: string({ default: 'a' }) })
      .sources(() => ({ clicks: clicks() }))
      .build(() => ({}))
    expect(() => t.graph({ out: 'b' })).toThrow("topology 'x' cannot run:")
  })

  test('such as functions that return nothing, or a promise', () => {
    const draft = topology('x').sources(() => ({ clicks: clicks() }))
    const must = (call: string) => `the function given to ${call} must return an object of names, at once`
    // @ts-expect-error -- as from JavaScript
    expect(() => draft.build(() => {})).toThrow(must('build()'))
    // @ts-expect-error -- as from JavaScript
    expect(() => draft.build(async () => ({}))).toThrow(must('build()'))
    // @ts-expect-error -- as from JavaScript
    const late = topology('x').sources(async () => ({}))
    expect(() => late.build(() => ({}))).toThrow(must('sources()'))
    // @ts-expect-error -- as from JavaScript
    expect(() => topology('x').sources({ clicks: clicks() })).toThrow('sources() needs a function')
  })

  test('such as a source without from()', () => {
    // @ts-expect-error -- as from JavaScript
    const draft = topology('x').sources(() => ({ clicks: generate(() => click) }))
    expect(() => draft.build(() => ({}))).toThrow("sources(): 'clicks' must be from(source, { … })")
  })

  test('such as steps in another order', () => {
    const draft = topology('x').sources(() => ({}))
    // @ts-expect-error -- params() come first
    expect(() => draft.params({})).toThrow(TypeError)
    // @ts-expect-error -- sources() come first
    expect(() => topology('x').build(() => ({}))).toThrow(TypeError)
  })
})

test('errors of the functions of the user pass through as they are', () => {
  const mistake = new Error('mine')
  const build = () =>
    topology('x')
      .sources(() => ({ clicks: clicks() }))
      .build(() => {
        throw mistake
      })
  expect(build).toThrow(mistake)
})
