import { lines, type StoredDeadLetter } from '@millrace/core'
import { scripted } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { LetterSource, lettersOf, lettersPartition } from '../../src/cluster/letter-source.ts'

const letter = (id: number): StoredDeadLetter => ({
  id,
  seq: 1,
  at: 1_000 + id,
  state: 'redrive',
  source: 'clicks',
  node: 'clicks.map',
  partition: `p${id}`,
  position: String(id * 10),
  code: 'USER_CODE',
  message: 'broken',
  time: undefined,
  bytes: new TextEncoder().encode(JSON.stringify({ id })),
})

const stored = (ids: readonly number[]) => ({
  deadLetters: async ({ after = 0, limit }: { after?: number; limit: number }) =>
    ids
      .filter((id) => id > after)
      .slice(0, limit)
      .map(letter),
})

const signal = new AbortController().signal

test('the id of its partition names the letters, and no other id does', () => {
  const { id } = lettersPartition([3, 5, 8])
  expect(lettersOf(id)).toEqual([3, 5, 8])
  expect(lettersOf('shardId-000')).toBeUndefined()
})

test('reads the letters that were asked for, however many others there are, and then ends', async () => {
  const ids = Array.from({ length: 1_200 }, (_, i) => i + 1)
  const source = new LetterSource(stored(ids), scripted(), [2, 700, 1_200])
  const reader = await source.open({ id: 'redrive' }, await source.resolve())
  const read = await reader.read(signal)
  expect(read).toMatchObject({ type: 'records', values: [{ id: 2 }, { id: 700 }, { id: 1_200 }], position: 'done' })
  expect(read.type === 'records' && read.metaOf(1)).toMatchObject({ partition: 'p700' })
  expect(await reader.read(signal)).toEqual({ type: 'end' })
})

test('a task that goes on behind the letters ends at once', async () => {
  const reader = await new LetterSource(stored([1]), scripted(), [1]).open({ id: 'redrive' }, 'done')
  expect(await reader.read(signal)).toEqual({ type: 'end' })
})

test('letters of a source with a codec are bytes for it to decode', async () => {
  const source = new LetterSource(stored([1, 2]), { ...scripted(), codec: lines() }, [1, 2])
  const read = await (await source.open({ id: 'redrive' }, '0')).read(signal)
  expect(read.type === 'records' && read.slab?.length).toBe(2)
})
