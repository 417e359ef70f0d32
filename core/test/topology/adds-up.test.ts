import {
  collect,
  count,
  from,
  isStateful,
  session,
  sliding,
  sum,
  topology,
  tumbling,
  type Graph,
  type Stream,
} from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { addsUp } from '../../src/topology/adds-up.ts'
import { click, graphOf, type Click } from './clicks.ts'
import { consoleTable, generate } from './connectors.ts'

describe('records are added up before the exchange', () => {
  const partialOf = (build: (clicks: Stream<Click>) => Stream<unknown>, idle = false): boolean[] => {
    const timing = idle ? { idleAfter: '1m' as const } : {}
    const graph: Graph = topology('job')
      .sources(() => ({
        clicks: from(
          generate((): Click => click),
          timing,
        ),
      }))
      .build(({ clicks }) => ({ out: build(clicks).to(consoleTable()) }))
      .graph({})
    return graph.nodes.filter(isStateful).map(addsUp)
  }
  const n = { n: count() }

  test('of windows of fixed bounds', () => {
    expect(partialOf((clicks) => clicks.keyBy('page').window(tumbling('1m')).aggregate(n))).toEqual([true])
    expect(partialOf((clicks) => clicks.windowAll(sliding({ size: '1m', every: '10s' })).aggregate(n))).toEqual([true])
    expect(partialOf((clicks) => clicks.windowAll(tumbling('1m')).reduce((a) => a))).toEqual([true])
    const lateness = { allowedLateness: '1m' as const }
    expect(partialOf((clicks) => clicks.keyBy('page').window(tumbling('1m'), lateness).aggregate(n))).toEqual([true])
  })

  test('but not where a window needs every record, or would be as large', () => {
    const keyed = (clicks: Stream<Click>) => clicks.keyBy('page')
    expect(
      partialOf((clicks) =>
        keyed(clicks)
          .window(session({ gap: '1m' }))
          .aggregate(n),
      ),
    ).toEqual([false])
    expect(partialOf((clicks) => keyed(clicks).window(tumbling('1m'), { early: '5s' }).aggregate(n))).toEqual([false])
    expect(
      partialOf((clicks) =>
        keyed(clicks)
          .window(tumbling('1m'))
          .process(() => []),
      ),
    ).toEqual([false])
    const all = { ...n, all: collect<Click>() }
    expect(partialOf((clicks) => keyed(clicks).window(tumbling('1m')).aggregate(all))).toEqual([false])
  })

  test('nor of dead letters, which keep no order of time', () => {
    const { nodes } = graphOf(({ clicks, deadLetters }) => ({
      out: clicks.to(consoleTable()),
      letters: deadLetters.windowAll(tumbling('1m')).aggregate(n).to(consoleTable()),
    }))
    expect(nodes.filter(isStateful).map(addsUp)).toEqual([false])
  })

  test('nor where a source may be passed by, however far before', () => {
    const twice = (clicks: Stream<Click>) =>
      clicks
        .keyBy('page')
        .window(tumbling('1m'), { name: 'first' })
        .aggregate(n)
        .windowAll(tumbling('1h'), { name: 'second' })
        .aggregate({ n: sum('n') })
    expect(partialOf(twice)).toEqual([true, true])
    expect(partialOf(twice, true)).toEqual([false, false])
  })
})
