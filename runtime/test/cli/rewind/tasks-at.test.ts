import { count, from, type Partition, type Source, topology, tumbling } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { tasksAt } from '../../../src/cli/rewind/tasks-at.ts'
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
  const { stages, tasks } = await tasksAt(graphOf(timed(partitions)), 17, context)
  expect(stages).toEqual([{ name: 'clicks', kind: 'source', partitions: 0, sends: ['clicks.windowAll'] }])
  expect(tasks.map(({ task, state, start, parents }) => ({ task, state, start, parents }))).toEqual([
    { task: 'clicks/s1', state: 'ready', start: 's1@17', parents: [] },
    { task: 'clicks/s2', state: 'ready', start: 's2@17', parents: [] },
    { task: 'clicks/s3', state: 'waiting', start: 's3@17', parents: ['s1', 's2'] },
  ])
})

test('a source that cannot tell is named', async () => {
  await expect(tasksAt(graphOf(scripted()), 17, context)).rejects.toThrow(
    '--to: clicks (scripted) cannot tell where it was at a moment; only --to start is possible',
  )
})
