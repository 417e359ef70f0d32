import {
  count,
  from,
  isStateful,
  nodeName,
  stateShapes,
  topology,
  tumbling,
  type Graph,
  type Node,
  type Stream,
} from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { consoleTable, generate } from './connectors.ts'

interface Record {
  readonly id: string
  readonly page: string
  readonly at: number
}

const make = (build: (clicks: Stream<Record>, views: Stream<Record>) => readonly Stream<unknown>[]): Graph =>
  topology('x')
    .sources(() => ({
      clicks: from(
        generate(() => ({ id: '', page: '', at: 0 })),
        { eventTime: 'at' },
      ),
      views: from(
        generate(() => ({ id: '', page: '', at: 0 })),
        { eventTime: 'at' },
      ),
    }))
    .build(({ clicks, views }) => ({
      clicks: clicks.to(consoleTable()),
      views: views.to(consoleTable()),
      ...Object.fromEntries(build(clicks, views).map((stream, i) => [`sink${i}`, stream.to(consoleTable())])),
    }))
    .graph({})

const states = (graph: Graph): string[] => stateShapes(graph).map(({ name }) => name)

const perPage = (stream: Stream<Record>, name?: string) =>
  stream
    .keyBy('page')
    .window(tumbling('1m'), name === undefined ? {} : { name })
    .aggregate({ n: count() })

describe('a state is called', () => {
  test('as its step is', () => {
    expect(states(make((clicks) => [perPage(clicks, 'per-page')]))).toEqual(['per-page'])
  })

  test('after the nearest named step upstream and its own kind', () => {
    expect(
      states(
        make((clicks) => [perPage(clicks.filter(() => true).map((c) => c)), clicks.dedupe('id', { within: '1m' })]),
      ),
    ).toEqual(['clicks.dedupe', 'clicks.window'])
    expect(states(make((clicks) => [perPage(clicks.map((c) => c, { name: 'clean' }).filter(() => true))]))).toEqual([
      'clean.window',
    ])
  })

  test('after the alphabetically first of several inputs, in whatever order they are given', () => {
    expect(states(make((clicks, views) => [perPage(views.union(clicks))]))).toEqual(['clicks.window'])
    expect(states(make((clicks, views) => [perPage(clicks.union(views))]))).toEqual(['clicks.window'])
    const near = make((clicks, views) => [perPage(clicks.union(views.map((v) => v, { name: 'a' })).filter(() => true))])
    expect(states(near)).toEqual(['a.window'])
  })

  test('after the branch of a split it is in', () => {
    const graph = make((clicks) => {
      const { bots, rest } = clicks.split({ bots: (c) => c.id === 'bot' })
      return [perPage(bots), perPage(rest)]
    })
    expect(states(graph)).toEqual(['bots.window', 'clicks.window'])
  })

  test('after the stream of dead letters', () => {
    const t = topology('x')
      .sources(() => ({ clicks: from(generate(() => 1)) }))
      .build(({ clicks, deadLetters }) => ({
        clicks: clicks.to(consoleTable()),
        dead: deadLetters.keyBy('node').window(tumbling('1m')).aggregate({ n: count() }).to(consoleTable()),
      }))
    expect(states(t.graph({}))).toEqual(['deadLetters.window'])
  })
})

test('a node without state is called after the nearest name too, and need not be alone', () => {
  const { nodes } = make((clicks) => [clicks.filter(() => true).map((c) => c), clicks.filter(() => false)])
  expect(nodes.map(nodeName)).toEqual([
    'clicks',
    'views',
    'clicks.filter',
    'clicks.map',
    'clicks.filter',
    'clicks',
    'views',
    'sink0',
    'sink1',
  ])
})

test('two states of one name are an error that names both places', () => {
  const build = () => make((clicks) => [perPage(clicks), perPage(clicks.filter(() => true))])
  expect(build).toThrow(
    /two states are called 'clicks.window'; give one of these steps a \{ name \}: window\(\) at \S+names\.test\.ts:\d+:\d+ and window\(\) at \S+names\.test\.ts:\d+:\d+/,
  )
})

test('a diamond of many unions is named quickly', () => {
  const graph = make((clicks) => {
    let stream = clicks
    for (let i = 0; i < 60; i++) stream = stream.filter(() => true).union(stream.filter(() => false))
    return [perPage(stream)]
  })
  expect(states(graph)).toEqual(['clicks.window'])
})

/** A topology as data: branches of steps that all read one source. `id` tells who is who across edits. */
interface Step {
  readonly id: string
  readonly kind: 'filter' | 'map' | 'dedupe' | 'window'
  readonly name?: string
}
type Branch = readonly Step[]

/** State names by the id of the step, or undefined when two are alike and the topology is refused. */
function namesOf(branches: readonly Branch[]): Map<string, string> | undefined {
  const clicks = node({ id: 'clicks', kind: 'map', name: 'clicks' }, [])
  const names = new Map<string, string>()
  for (const branch of branches) {
    let input = clicks
    for (const step of branch) {
      input = node(step, [input])
      if (isStateful(input)) names.set(step.id, nodeName(input))
    }
  }
  return new Set(names.values()).size === names.size ? names : undefined
}

function node({ kind, name }: Step, inputs: readonly Node[]): Node {
  const common = { id: 0, inputs, at: '', onError: 'fail', ...(name === undefined ? {} : { name }) } as const
  if (kind === 'map') return { ...common, kind, fn: () => 0 }
  if (kind === 'filter') return { ...common, kind, fn: () => true }
  if (kind === 'dedupe') return { ...common, kind, by: 'id', withinMs: 1, state: {} }
  const output = { kind: 'aggregate', aggregates: {} } as const
  const firing = { allowedLatenessMs: 0, late: 'drop' } as const
  return { ...common, kind, spec: tumbling('1m'), output, ...firing, state: {} }
}

const insert = <T>(list: readonly T[], at: number, item: T): T[] => list.toSpliced(at % (list.length + 1), 0, item)

/** What people do to a topology between two versions. None of it is meant to touch the state of other steps. */
const edits: { readonly [name: string]: (branches: readonly Branch[], a: number, b: number) => readonly Branch[] } = {
  'adds a filter': (all, a, b) => change(all, a, (branch) => insert(branch, b, { id: 'new', kind: 'filter' })),
  'adds a map': (all, a, b) => change(all, a, (branch) => insert(branch, b, { id: 'new', kind: 'map' })),
  'moves a branch up': (all, a, b) => insert(all.toSpliced(a % all.length, 1), b, all[a % all.length] ?? []),
  'adds a named window before': (all, a) => insert(all, a, [{ id: 'new', kind: 'window', name: 'new' }]),
  'adds a nameless window before': (all, a) => insert(all, a, [{ id: 'new', kind: 'window' }]),
  'adds a nameless dedupe before': (all, a) => insert(all, a, [{ id: 'new', kind: 'dedupe' }]),
  'removes a nameless step': (all, a, b) =>
    change(all, a, (branch) => branch.filter((step, i) => step.name !== undefined || i !== b % branch.length)),
  'splits a step in two': (all, a, b) =>
    change(all, a, (branch) =>
      branch.flatMap((step, i) => (i === b % branch.length && isPlain(step) ? [step, step] : [step])),
    ),
  'changes nothing but lines': (all) => [...all],
}

const isPlain = ({ kind }: Step): boolean => kind === 'filter' || kind === 'map'

const change = (all: readonly Branch[], at: number, edit: (branch: Branch) => Branch): Branch[] =>
  all.map((branch, i) => (i === at % all.length ? edit(branch) : branch))

const kinds = fc.constantFrom<Step['kind']>('filter', 'map', 'dedupe', 'window')
const steps = fc.array(fc.record({ kind: kinds, isNamed: fc.boolean() }), { minLength: 1, maxLength: 5 })

/** Topologies that are accepted: every step with a name of its own, where it has one. */
const topologies = fc
  .array(steps, { minLength: 1, maxLength: 4 })
  .map((branches) =>
    branches.map((branch, i): Branch =>
      branch.map(({ kind, isNamed }, j) => ({
        id: `${i}-${j}`,
        kind,
        ...(isNamed && !isPlain({ id: '', kind }) ? { name: `n${i}${j}` } : {}),
      })),
    ),
  )
  .filter((branches) => namesOf(branches) !== undefined)

describe.each(Object.entries(edits))('an edit that %s', (_, edit) => {
  test('loses and swaps no state', () => {
    const indexes = [fc.nat(20), fc.nat(20)] as const
    fc.assert(
      fc.property(topologies, ...indexes, (branches, a, b) => {
        const before = namesOf(branches) ?? new Map<string, string>()
        const after = namesOf(edit(branches, a, b))
        // Refused is fine: nothing runs under a wrong name.
        if (after === undefined) return
        const owners = new Map([...before].map(([id, name]) => [name, id]))
        for (const [id, name] of after) {
          if (before.has(id)) expect(name).toBe(before.get(id))
          else expect(after.has(owners.get(name) ?? '')).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
