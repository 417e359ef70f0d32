import { count, session, tumbling, type Stream } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import type { Node } from '../../src/topology/node.ts'
import { planStages, type Plan, type Stage } from '../../src/topology/plan.ts'
import { graphOf } from './clicks.ts'
import { consoleTable } from './connectors.ts'

const plan = (...args: Parameters<typeof graphOf>): Plan => planStages(graphOf(...args), { partitions: 8 })

/** A stage in lines: each node with what it reads. */
function shown({ kind, name, graph, sends, sinks }: Stage): object {
  const label = (node: Node): string => (node.kind === 'send' ? `send ${node.name}` : `${node.kind} ${node.name}`)
  const nodes = graph.nodes.map((node) => [label(node), ...node.inputs.map(label)].join(' ← '))
  return { [`${kind} ${name}`]: nodes, sends, sinks }
}

const stagesOf = ({ stages }: Plan): object[] => stages.map(shown)

describe('a plan', () => {
  test('of a chain cuts it in front of what keeps state', () => {
    const chain = plan(({ clicks }) => ({
      out: clicks
        .filter(({ bot }) => !bot)
        .keyBy('page')
        .window(tumbling('1m'))
        .aggregate({ n: count() })
        .map(({ n }) => n)
        .to(consoleTable()),
    }))
    expect(stagesOf(chain)).toEqual([
      {
        'source clicks': [
          'source clicks',
          'filter clicks.filter ← source clicks',
          'keyBy clicks.keyBy ← filter clicks.filter',
          'send clicks.window ← keyBy clicks.keyBy',
        ],
        sends: ['clicks.window'],
        sinks: [],
      },
      {
        'exchange clicks.window': [
          'source clicks.window',
          'keyBy clicks.keyBy ← source clicks.window',
          'window clicks.window ← keyBy clicks.keyBy',
          'map clicks.map ← window clicks.window',
          'sink out ← map clicks.map',
        ],
        sends: [],
        sinks: ['out'],
      },
    ])
    expect(chain.exchanges).toEqual([{ name: 'clicks.window', partitions: 8, partial: true, from: ['clicks'] }])
  })

  test('keeps ids, places, policies and the records of one key together, and what is not state as it is', () => {
    const graph = graphOf(({ clicks }) => ({
      out: clicks
        .keyBy(['user', 'page'], { onError: 'skip' })
        .window(session({ gap: '1m' }), { name: 'visits', onError: 'fail' })
        .aggregate({ n: count() })
        .to(consoleTable()),
    }))
    const { stages } = planStages(graph, { partitions: 2 })
    const [source, visits] = stages
    expect(source?.head).toBe(graph.sources[0])
    const [, keyBy, window, sink] = graph.nodes
    expect(source?.graph.nodes[1]).toEqual(keyBy === undefined ? keyBy : { ...keyBy, name: 'clicks.keyBy' })
    const sent = { kind: 'send', name: 'visits', target: window, partitions: 2, partial: false, onError: 'fail' }
    expect(source?.graph.nodes[2]).toMatchObject({ ...sent, id: window?.id, at: window?.at })
    expect(visits?.head).toMatchObject({ name: 'visits', receives: window, outOfOrdernessMs: 0, maxAheadMs: Infinity })
    expect(() => visits?.head.source.compare('0', '1')).toThrow("exchange 'visits'")
    const inputs = visits?.graph.nodes.map(({ inputs: read }) => read[0])
    expect(inputs).toEqual([undefined, ...(visits?.graph.nodes.slice(0, -1) ?? [])])
    expect(visits?.graph.nodes.map(({ id }) => id)).toEqual([graph.nodes.length, keyBy?.id, window?.id, sink?.id])
    expect(stages.every((stage) => stage.graph.name === 'job')).toBe(true)
  })

  test('has an exchange of its own for each of two windows on one key', () => {
    const two = plan(({ clicks }) => {
      const keyed = clicks.keyBy('page')
      const ends = (stream: Stream<unknown>) => stream.to(consoleTable())
      return {
        a: ends(keyed.window(tumbling('1m'), { name: 'minutes' }).aggregate({ n: count() })),
        b: ends(keyed.window(tumbling('1h'), { name: 'hours' }).aggregate({ n: count() })),
      }
    })
    expect(stagesOf(two)).toMatchObject([
      {
        'source clicks': [
          'source clicks',
          'keyBy clicks.keyBy ← source clicks',
          'send minutes ← keyBy clicks.keyBy',
          'send hours ← keyBy clicks.keyBy',
        ],
      },
      { 'exchange minutes': { length: 4 }, sinks: ['a'] },
      { 'exchange hours': { length: 4 }, sinks: ['b'] },
    ])
  })

  test('sends to dedupe by its own key, and to windowAll into one partition', () => {
    const deduped = plan(({ clicks }) => ({
      out: clicks.dedupe('id', { within: '1m' }).windowAll(tumbling('1m')).aggregate({ n: count() }).to(consoleTable()),
    }))
    expect(stagesOf(deduped)).toMatchObject([
      { 'source clicks': ['source clicks', 'send clicks.dedupe ← source clicks'] },
      {
        'exchange clicks.dedupe': [
          'source clicks.dedupe',
          'dedupe clicks.dedupe ← source clicks.dedupe',
          'send clicks.windowAll ← dedupe clicks.dedupe',
        ],
      },
      {
        'exchange clicks.windowAll': [
          'source clicks.windowAll',
          'windowAll clicks.windowAll ← source clicks.windowAll',
          'sink out ← windowAll clicks.windowAll',
        ],
      },
    ])
    expect(deduped.exchanges.map(({ name, partitions }) => [name, partitions])).toEqual([
      ['clicks.dedupe', 8],
      ['clicks.windowAll', 1],
    ])
  })

  test('asks for the partitions of each exchange by name', () => {
    const graph = graphOf(({ clicks }) => ({
      out: clicks
        .keyBy('page')
        .reduce(
          () => 0,
          (n) => n + 1,
        )
        .windowAll(tumbling('1m'), { name: 'all' })
        .aggregate({ n: count() })
        .to(consoleTable()),
    }))
    const { exchanges, stages } = planStages(graph, { partitions: (name) => name.length })
    expect(exchanges.map(({ name, partitions, from: senders }) => [name, partitions, senders])).toEqual([
      ['clicks.reduce', 13, ['clicks']],
      ['all', 1, ['clicks.reduce']],
    ])
    expect(stages[0]?.graph.nodes.at(-1)).toMatchObject({ kind: 'send', partitions: 13 })
  })

  test('has a step or sink that several stages reach in each of them, with what it reads there', () => {
    const met = plan(({ clicks }) => {
      const windows = clicks.keyBy('page').window(tumbling('1m')).aggregate({ n: count() })
      const late = windows.late.map(({ page }) => ({ page, n: 0 }))
      const all = windows
        .map(({ page, n }) => ({ page, n }))
        .union(
          clicks.map(({ page }) => ({ page, n: 1 }), { name: 'ones' }),
          late,
        )
      return { out: all.map(({ n }) => n, { name: 'numbers' }).to(consoleTable()) }
    })
    expect(stagesOf(met)).toMatchObject([
      {
        'source clicks': [
          'source clicks',
          'keyBy clicks.keyBy ← source clicks',
          'send clicks.window ← keyBy clicks.keyBy',
          'map ones ← source clicks',
          'union clicks.union ← map ones',
          'map numbers ← union clicks.union',
          'sink out ← map numbers',
        ],
        sinks: ['out'],
      },
      {
        'exchange clicks.window': [
          'source clicks.window',
          'keyBy clicks.keyBy ← source clicks.window',
          'window clicks.window ← keyBy clicks.keyBy',
          'late clicks.late ← window clicks.window',
          'map clicks.map ← late clicks.late',
          'map clicks.map ← window clicks.window',
          'union clicks.union ← map clicks.map ← map clicks.map',
          'map numbers ← union clicks.union',
          'sink out ← map numbers',
        ],
        sinks: ['out'],
      },
    ])
    expect(met.exchanges[0]?.from).toEqual(['clicks'])
  })

  test('lets each stage send its dead letters to who reads them, but for those behind dead letters', () => {
    const read = plan(({ clicks, deadLetters }) => ({
      // Named first, so built first: it is behind all others all the same.
      perNode: deadLetters
        .map(({ node }) => ({ node }), { name: 'nodes' })
        .keyBy('node')
        .window(tumbling('1m'), { name: 'letters' })
        .aggregate({ n: count() })
        .to(consoleTable()),
      all: deadLetters.to(consoleTable()),
      out: clicks.keyBy('page').window(tumbling('1m'), { name: 'views' }).aggregate({ n: count() }).to(consoleTable()),
    }))
    const letters = [
      'deadLetters deadLetters',
      'map nodes ← deadLetters deadLetters',
      'keyBy nodes.keyBy ← map nodes',
      'send letters ← keyBy nodes.keyBy',
    ]
    const [source, views, behind] = stagesOf(read) as Record<string, string[]>[]
    expect(source?.['source clicks']).toEqual(
      expect.arrayContaining([...letters, 'sink all ← deadLetters deadLetters']),
    )
    expect(source?.['sends']).toEqual(['letters', 'views'])
    expect(views?.['exchange views']).toEqual(expect.arrayContaining(letters))
    expect(views?.['sinks']).toEqual(['all', 'out'])
    expect(behind?.['exchange letters']).toEqual([
      'source letters',
      'keyBy nodes.keyBy ← source letters',
      'window letters ← keyBy nodes.keyBy',
      'sink perNode ← window letters',
    ])
    expect(read.exchanges.map(({ name, from: senders, partial }) => [name, senders, partial])).toEqual([
      ['views', ['clicks'], true],
      ['letters', ['clicks', 'views'], false],
    ])
  })

  test('refuses a source and a state of one name, and says which', () => {
    const graph = graphOf(({ clicks }) => ({
      out: clicks.keyBy('page').window(tumbling('1m'), { name: 'clicks' }).aggregate({ n: count() }).to(consoleTable()),
    }))
    expect(() => planStages(graph, { partitions: 2 })).toThrow(
      expect.objectContaining({
        code: 'BAD_TOPOLOGY',
        message: expect.stringMatching(/^source 'clicks' and a window\(\) have one name; give the step another/),
      }) as Error,
    )
  })
})
