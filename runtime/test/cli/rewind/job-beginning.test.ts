import { count, from, type Partition, type Source, topology, tumbling } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { jobBeginning } from '../../../src/cli/rewind/job-beginning.ts'
import { startsAt } from '../../../src/cli/rewind/starts-at.ts'
import type { TimedSource } from '../../../src/cli/rewind/timed-source.ts'

/** Knows the position of each of its partitions at a moment. */
const timed = (partitions: readonly Partition[]): TimedSource & Source<{ at: number }> => ({
  ...scripted<{ at: number }>(),
  async *partitions() {
    yield { partitions, final: false }
  },
  resolveAt: async ({ id }, at) => `${id}@${at}`,
})

const graphOf = (source: Source<{ at: number }>) =>
  topology('views')
    .sources(() => ({ clicks: from(source, { eventTime: 'at' }) }))
    .build(({ clicks }) => ({ out: clicks.windowAll(tumbling('1m')).aggregate({ n: count() }).to(collecting()) }))
    .graph({})

const context = { clock: { now: () => 0 }, signal: new AbortController().signal }

test('each partition begins where it was then; children wait for their parents as far as they are there', async () => {
  const partitions = [{ id: 's1', parents: ['s0'] }, { id: 's2' }, { id: 's3', parents: ['s1', 's2'] }]
  const graph = graphOf(timed(partitions))
  const starts = await startsAt(graph, 17, context)
  const { stages, tasks } = jobBeginning('redis', graph, starts, context)
  expect(stages).toEqual([{ name: 'clicks', kind: 'source', partitions: 0, sends: ['clicks.windowAll'] }])
  expect(tasks.map(({ task, state, start, parents }) => ({ task, state, start, parents }))).toEqual([
    { task: 'clicks/s1', state: 'ready', start: 's1@17', parents: [] },
    { task: 'clicks/s2', state: 'ready', start: 's2@17', parents: [] },
    { task: 'clicks/s3', state: 'waiting', start: 's3@17', parents: ['s1', 's2'] },
  ])
})

test('what is read to its end is done, and nobody waits for it', () => {
  const graph = graphOf(scripted())
  const starts = [
    { source: 'clicks', partition: { id: 's1' }, position: null },
    { source: 'clicks', partition: { id: 's2', parents: ['s1'] }, position: '5' },
  ]
  expect(jobBeginning('redis', graph, starts, context).tasks).toMatchObject([
    { task: 'clicks/s1', state: 'done' },
    { task: 'clicks/s2', state: 'ready', start: '5', parents: [] },
  ])
  const { stages, tasks } = jobBeginning('file', graph, starts, context)
  expect([stages, tasks.map(({ task }) => task)]).toEqual([[], ['views']])
  expect(JSON.parse(tasks[0]?.record ?? '')).toMatchObject({ seq: 1, positions: { clicks: { s1: null, s2: '5' } } })
})

test('a source that cannot tell is named', async () => {
  await expect(startsAt(graphOf(scripted()), 17, context)).rejects.toThrow(
    '--to: clicks (scripted) cannot tell where it was at a moment; only --to start is possible',
  )
})
