import type { Clock, Read } from '@millrace/core'
import { expect, test } from 'vitest'
import { endLoad } from '../../../src/chaos/load/load-end.ts'
import type { LoadPlan } from '../../../src/chaos/load/load-plan.ts'
import type { LoadRecord } from '../../../src/chaos/load/load-record.ts'
import { loadSource } from '../../../src/chaos/load/load-source.ts'
import { Shards } from '../../../src/chaos/load/shards.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const plan: LoadPlan = { seed: 3, startedAt: 0, lanes: 6, stepMs: 100, generationMs: 1_000 }
const never = new AbortController().signal
const gone = AbortSignal.abort()

/** A load at an instant, and what can be read of a partition up to then. */
function loadAt(now: number, folder = temporaryFolder()) {
  const clock: Clock = { now: () => now }
  const source = loadSource(plan, folder)
  const read = async (id: string, position = '0'): Promise<Read<LoadRecord>[]> => {
    const reader = await source.open({ id }, position, { clock, signal: never })
    const reads: Read<LoadRecord>[] = []
    do reads.push(await reader.read(gone))
    while (reads.at(-1)?.type === 'records')
    return reads
  }
  return { source, clock, folder, read }
}

const ids = (reads: readonly Read<LoadRecord>[]): string[] =>
  reads.flatMap((read) => (read.type === 'records' ? (read.values ?? []).map(({ id }) => id) : []))

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of iterable) items.push(item)
  return items
}

const [shard] = new Shards(plan).at(0)
const id = shard?.id ?? ''

test('records come at their time, and never before', async () => {
  expect(ids(await loadAt(0).read(id))).toHaveLength(2)
  expect(ids(await loadAt(450).read(id))).toHaveLength(10)
})

test('reading goes on anywhere with the same records', async () => {
  const { read } = loadAt(900)
  const all = ids(await read(id))
  for (const from of [1, 7, 19]) expect(ids(await read(id, String(from)))).toEqual(all.slice(from))
})

test('a shard ends where the next generation no longer has it, and names those that go on', async () => {
  const shards = new Shards(plan)
  const generation = [1, 2, 3, 4, 5, 6].find((each) => !shards.has(id, each)) ?? 0
  const reads = await loadAt(60_000).read(id)
  expect(ids(reads)).toHaveLength(generation * 20)
  const children = shards.childrenOf(id, generation).map((child) => ({ id: child.id, parents: child.parents }))
  expect(reads.at(-1)).toEqual({ type: 'end', children })
})

test('all shards end for good where the load does, and the list is final', async () => {
  const { source, clock, folder, read } = loadAt(60_000)
  endLoad(folder, 1)
  expect((await read(id)).at(-1)).toEqual({ type: 'end' })
  const lists = await all(source.partitions({ clock, signal: never }))
  expect(lists).toEqual([
    { partitions: new Shards(plan).at(0).map((each) => ({ id: each.id, parents: [] })), final: true },
  ])
})
