import type { Partition, Source, SourceContext } from '@millrace/core'
import { expect, test } from 'vitest'
import { PartitionSource } from '../../src/cluster/partition-source.ts'

const context: SourceContext = { clock: { now: () => 0 }, signal: new AbortController().signal }

const endingWith = (children: readonly Partition[], asked: unknown[] = []): Source<unknown> => ({
  kind: 'test',
  description: 'test()',
  async *partitions() {
    yield { partitions: [], final: true }
  },
  resolve: async (partition, { isResumed }) => {
    asked.push([partition.id, isResumed])
    return `start of ${partition.id}`
  },
  open: async () => ({ read: async () => ({ type: 'end', children }), close: async () => undefined }),
  compare: () => 0,
})

test('lists its partition alone, under the id that the task knows', async () => {
  const source = new PartitionSource(endingWith([]), { id: 'a', parents: ['z'] })
  source.id = 'a.1'
  const lists: unknown[] = []
  for await (const list of source.partitions()) lists.push(list)
  expect(lists).toEqual([{ partitions: [{ id: 'a.1' }], final: true }])
})

test('keeps the children for the end of the task, each with where it begins, and hands none on', async () => {
  const asked: unknown[] = []
  const source = new PartitionSource(
    endingWith(
      [
        { id: 'b', parents: ['a'] },
        { id: 'c', parents: ['a'] },
      ],
      asked,
    ),
    { id: 'a' },
  )
  const reader = await source.open({ id: 'a' }, '0', context)
  expect(await reader.read(context.signal)).toEqual({ type: 'end' })
  expect(source.children).toEqual([
    { id: 'b', parents: ['a'], start: 'start of b' },
    { id: 'c', parents: ['a'], start: 'start of c' },
  ])
  // a job that starts at the newest record must not skip what a child got before it was found
  expect(asked).toEqual([
    ['b', true],
    ['c', true],
  ])
})
