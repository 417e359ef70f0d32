import {
  count,
  from,
  isMillraceError,
  topology,
  tumbling,
  type Graph,
  type Inputs,
  type Outlets,
  validate,
} from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { consoleTable, generate } from './connectors.ts'

interface Click {
  readonly page: string
  readonly start: number
  readonly value: number
}

const source = () => from(generate((): Click => ({ page: '/', start: 0, value: 0 })))

/** What is wrong with a topology over one source, each problem without its place. */
function problems(build: (inputs: Inputs<{ clicks: Click }>) => Outlets, name = 'job'): string[] {
  try {
    topology(name)
      .sources(() => ({ clicks: source() }))
      .build(build)
  } catch (error) {
    if (!isMillraceError(error, 'BAD_TOPOLOGY')) throw error
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, '').replace(/ \(at .*?\)$/, ''))
  }
  return []
}

const sink = consoleTable()

test('a sound topology has no problems', () => {
  expect(problems(({ clicks }) => ({ out: clicks.to(sink) }))).toEqual([])
})

test('all problems come in one error, each with its place', () => {
  const build = () =>
    topology('my job')
      .sources(() => ({ clicks: source() }))
      .build(({ clicks }) => {
        clicks.map((c) => c.page)
        return { 'the sink': clicks.to(sink) }
      })
  expect(build).toThrow(
    /^topology 'my job' cannot run:\n {2}- job "my job": a name has .+\n {2}- sink "the sink": a name has .+ \(at \S+validate\.test\.ts:\d+:\d+\)\n {2}- the result of map\(\) 'clicks\.map' is read by no sink: .+ \(at \S+validate\.test\.ts:\d+:\d+\)$/,
  )
})

describe('refuses', () => {
  test('a topology without sinks or sources', () => {
    expect(problems(() => ({}))).toEqual([
      'there is no sink: end a stream with .to(sink) and return it from build()',
      "source 'clicks' is read by no sink: end it with .to(sink) and return that from build(), or remove it",
    ])
    const empty = () =>
      topology('job')
        .sources(() => ({}))
        .build(({ deadLetters }) => ({ dead: deadLetters.to(sink) }))
    expect(empty).toThrow('there is no source: name one in sources()')
  })

  test('a sink without input, as only a graph made by hand can have', () => {
    const graph: Graph = {
      name: 'job',
      nodes: [],
      sources: [],
      sinks: [{ kind: 'sink', name: 'out', id: 0, inputs: [], at: 'a.ts:1:1', onError: 'fail', sink }],
    }
    expect(validate(graph)).toContainEqual({ message: "sink 'out' has no input", at: 'a.ts:1:1' })
  })

  test('the same outlet under two names', () => {
    expect(
      problems(({ clicks }) => {
        const out = clicks.to(sink)
        return { a: out, b: out }
      }),
    ).toEqual(["the sinks 'a' and 'b' are one: call to() twice, or return it under one name"])
  })

  test('an outlet that is not returned', () => {
    expect(
      problems(({ clicks }) => {
        clicks.to(sink)
        return { out: clicks.to(sink) }
      }),
    ).toEqual(['to() ends in a sink that build() does not return: return it under a name'])
  })

  test('what is no outlet', () => {
    // @ts-expect-error -- as from JavaScript
    expect(problems(({ clicks }) => ({ out: clicks }))).toContain("build() must return sinks: end 'out' with .to(sink)")
    // @ts-expect-error -- as from JavaScript
    expect(problems(() => ({ out: null }))).toContain("build() must return sinks: end 'out' with .to(sink)")
  })

  test.each(['', 'a b', '-a', '.a', 'a/b', 'ä', 'a'.repeat(65)])('the name %o', (name) => {
    const rule = 'a name has 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first'
    expect(problems(({ clicks }) => ({ out: clicks.to(sink) }), name)).toEqual([`job ${JSON.stringify(name)}: ${rule}`])
    expect(problems(({ clicks }) => ({ [name]: clicks.to(sink) }))).toEqual([`sink ${JSON.stringify(name)}: ${rule}`])
    expect(problems(({ clicks }) => ({ out: clicks.map((c) => c, { name }).to(sink) }))).toEqual([
      `map ${JSON.stringify(name)}: ${rule}`,
    ])
  })

  test('state names that grow too long', () => {
    const name = 'a'.repeat(60)
    expect(
      problems(({ clicks }) => ({
        out: clicks
          .map((c) => c, { name })
          .dedupe('page', { within: '1m' })
          .to(sink),
      })),
    ).toEqual([expect.stringContaining(`state '${name}.dedupe': give the step a name`)])
  })

  test("names of the topology's own", () => {
    const deadLetters = () => {
      // @ts-expect-error -- as from JavaScript
      const draft = topology('job').sources(() => ({ deadLetters: source() }))
      draft.build(() => ({}))
    }
    expect(deadLetters).toThrow("source 'deadLetters': the name is taken by Millrace; choose another")
    expect(problems(({ clicks }) => ({ deadLetters: clicks.to(sink) }))).toEqual([
      "sink 'deadLetters': the name is taken by Millrace; choose another",
    ])
  })
})

describe('streams that no sink reads', () => {
  const cure = 'end it with .to(sink) and return that from build(), or remove it'

  test('are reported once, at their last step', () => {
    expect(
      problems(({ clicks }) => {
        clicks.filter(() => true).map((c) => c.page)
        return { out: clicks.to(sink) }
      }),
    ).toEqual([`the result of map() 'clicks.map' is read by no sink: ${cure}`])
  })

  test('say so of a keyBy() and a branch', () => {
    expect(
      problems(({ clicks }) => {
        clicks.keyBy('page')
        const { home } = clicks.split({ about: (c) => c.page === '/about', home: (c) => c.page === '/' })
        return { out: home.to(sink) }
      }),
    ).toEqual([
      'the result of keyBy() is not used: call window(), reduce() or process() and their results .to(sink)',
      `branch 'about' of split() is read by no sink: ${cure}; 'rest' may stay unread`,
    ])
  })

  test('are found where only what came late is read', () => {
    expect(
      problems(({ clicks }) => ({
        late: clicks.keyBy('page').window(tumbling('1m')).aggregate({ n: count() }).late.to(sink),
      })),
    ).toEqual([`the result of window() 'clicks.window' is read by no sink: ${cure}`])
  })

  test('may be late, deadLetters and rest: they are no part of the topology then', () => {
    expect(
      problems(({ clicks, deadLetters }) => {
        const { home, rest } = clicks.split({ home: (c) => c.page === '/' })
        const views = home.keyBy('page').window(tumbling('1m')).aggregate({ n: count() })
        const unused = [views.late, rest, deadLetters]
        return { out: (unused.length === 3 ? views : rest).to(sink) }
      }),
    ).toEqual([])
  })
})

describe('states', () => {
  test('of one name are refused', () => {
    expect(
      problems(({ clicks }) => ({
        a: clicks.dedupe('page', { within: '1m', name: 'once' }).to(sink),
        b: clicks.dedupe('page', { within: '1m', name: 'once' }).to(sink),
      })),
    ).toEqual([
      expect.stringContaining("two states are called 'once'; give one of these steps a { name }: dedupe() at "),
    ])
  })

  test('cannot claim the present name of another, or one together', () => {
    const dedupe = { within: '1m', previousName: 'old' } as const
    expect(
      problems(({ clicks }) => ({
        a: clicks.dedupe('page', { within: '1m', name: 'old' }).to(sink),
        b: clicks.dedupe('page', { ...dedupe, name: 'b' }).to(sink),
        c: clicks.dedupe('page', { ...dedupe, name: 'c' }).to(sink),
        d: clicks.dedupe('page', { within: '1m', name: 'd', previousName: 'd' }).to(sink),
      })),
    ).toEqual([
      "previousName 'old' is the present name of another state",
      "previousName 'old' is the present name of another state",
      "previousName 'old' is claimed by two states",
      "previousName 'd' is the present name of this state",
    ])
  })
})

describe('results', () => {
  test("cannot have the names of the key's fields or the window's own", () => {
    expect(
      problems(({ clicks }) => ({
        out: clicks
          .keyBy('page')
          .window(tumbling('1m'))
          // @ts-expect-error -- as from JavaScript
          .aggregate({ page: count(), end: count(), n: count() })
          .to(sink),
      })),
    ).toEqual([
      "the result 'page' has the name of a field of the key; choose another name",
      "the result 'end' has the name of the window's own field; choose another name",
    ])
  })

  test('cannot overwrite a field of the key', () => {
    const cure = "would be overwritten by the result's own; key by a field of another name"
    expect(
      problems(({ clicks }) => ({
        a: clicks.keyBy('start').window(tumbling('1m')).aggregate({ n: count() }).to(sink),
        b: clicks
          .keyBy('value')
          .reduce(
            () => 0,
            (n) => n + 1,
          )
          .to(sink),
        c: clicks
          .keyBy(['page', 'value'])
          .window(tumbling('1m'), { name: 'c' })
          .reduce((a) => a)
          .to(sink),
      })),
    ).toEqual([`the key's field 'start' ${cure}`, `the key's field 'value' ${cure}`, `the key's field 'value' ${cure}`])
  })
})
