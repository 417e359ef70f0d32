import { count, from, topology, tumbling, type Stream } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { threadedSources, topologyMark } from '../../src/threads/threaded-sources.ts'

interface Click {
  readonly page: string
  readonly at: number
}

const graphOf = (build: (clicks: Stream<Click>) => Readonly<Record<string, Stream<unknown>>>, name = 'clicks') =>
  topology(name)
    .sources(() => ({ clicks: from(scripted<Click>(), { eventTime: 'at' }) }))
    .build(({ clicks }) =>
      Object.fromEntries(
        Object.entries(build(clicks)).map(([sink, stream]) => [sink, stream.to(collecting<unknown>())]),
      ),
    )
    .graph({})

const counted = (clicks: Stream<Click>) => clicks.keyBy('page').window(tumbling('1m')).aggregate({ n: count() })

function countedAndLate(clicks: Stream<Click>) {
  const counts = counted(clicks)
  return { counts, late: counts.late }
}

const obstacles = (build: Parameters<typeof graphOf>[0]) =>
  threadedSources(graphOf(build)).map(({ stage, obstacle }) => [stage.name, obstacle])

test('a source can be read by threads where all that its records go to adds them up', () => {
  expect(obstacles(countedAndLate)).toEqual([['clicks', undefined]])
})

test('not where something takes its records one by one', () => {
  expect(obstacles((clicks) => ({ counts: counted(clicks), raw: clicks }))).toEqual([
    ['clicks', 'its records go to the sink raw one by one'],
  ])
  expect(obstacles((clicks) => ({ counts: counted(clicks.dedupe('page', { within: '1m' })) }))).toEqual([
    ['clicks', 'clicks.dedupe takes its records one by one: they cannot be added up before'],
  ])
})

test('topologies of other states, sources or names are others', () => {
  const build = (clicks: Stream<Click>) => ({ counts: counted(clicks) })
  const mark = topologyMark(graphOf(build))
  expect(topologyMark(graphOf(build))).toBe(mark)
  expect(topologyMark(graphOf(build, 'other'))).not.toBe(mark)
  expect(
    topologyMark(
      graphOf((clicks) => ({
        counts: counted(clicks)
          .keyBy('page')
          .reduce(
            () => 0,
            (n) => n + 1,
          ),
      })),
    ),
  ).not.toBe(mark)
})
