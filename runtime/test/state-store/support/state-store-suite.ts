import { createHash } from 'node:crypto'
import type { StateBlob, StateStore } from '@millrace/core'
import { expect, onTestFinished, test } from 'vitest'

/** A store under test. */
export interface StoreUnderTest {
  readonly store: StateStore
  /** Another process with the same store. */
  readonly connect: () => StateStore
  /** Spoils the bytes of a blob of `clicks/0`. */
  readonly damage: (id: string, how: 'missing' | 'shorter' | 'changed') => Promise<void>
  readonly dispose: () => Promise<void>
}

const task = 'clicks/0'

export const blobOf = (id: string, bytes: Uint8Array): StateBlob => ({
  id,
  kind: 'base',
  bytes: bytes.length,
  hash: createHash('sha256').update(bytes).digest('hex'),
})

/** Checks every sentence of the `StateStore` contract. */
export function stateStoreSuite(create: () => Promise<StoreUnderTest>): void {
  const created = async (): Promise<StoreUnderTest> => {
    const under = await create()
    onTestFinished(() => under.dispose())
    return under
  }

  for (const [size, length] of [
    ['empty', 0],
    ['small', 100],
    ['of many chunks', 5 * 1024 * 1024 + 1],
  ] as const) {
    test(`gives back a blob, to any process: ${size}`, async () => {
      const { store, connect } = await created()
      const bytes = new Uint8Array(length).map((_, i) => (i * 31) % 251)
      const blob = blobOf('run-1-n-1-base', bytes)
      await store.write(task, blob, bytes)
      expect(Buffer.from(await connect().read(task, blob)).equals(Buffer.from(bytes))).toBe(true)
    })
  }

  test('changes nothing when a blob is written again', async () => {
    const { store } = await created()
    const bytes = Buffer.from('state')
    for (let times = 0; times < 2; times++) await store.write(task, blobOf('a', bytes), bytes)
    expect((await store.list(task)).map(({ id }) => id)).toEqual(['a'])
  })

  test('lists the blobs of a task with their age, and none of other tasks', async () => {
    const { store } = await created()
    const bytes = Buffer.from('state')
    for (const id of ['a', 'b/ü?%']) await store.write(task, blobOf(id, bytes), bytes)
    await store.write('clicks/1', blobOf('c', bytes), bytes)
    const listed = await store.list(task)
    expect(listed.map(({ id }) => id).toSorted()).toEqual(['a', 'b/ü?%'])
    expect(listed.every(({ ageMs }) => ageMs >= 0 && ageMs < 60_000)).toBe(true)
    expect(await store.list('clicks/2')).toEqual([])
  })

  test('removes blobs, those that are gone already too', async () => {
    const { store } = await created()
    const bytes = Buffer.from('state')
    for (const id of ['a', 'b', 'c']) await store.write(task, blobOf(id, bytes), bytes)
    await store.remove(task, ['a', 'c', 'never there'])
    await store.remove(task, ['a', 'c'])
    expect((await store.list(task)).map(({ id }) => id)).toEqual(['b'])
    await expect(store.read(task, blobOf('a', bytes))).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
  })

  for (const how of ['missing', 'shorter', 'changed'] as const) {
    test(`rejects a blob that is ${how}`, async () => {
      const { store, damage } = await created()
      const bytes = Buffer.from('state')
      await store.write(task, blobOf('a', bytes), bytes)
      await damage('a', how)
      await expect(store.read(task, blobOf('a', bytes))).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
    })
  }

  test('takes a blob from two processes at the same time', async () => {
    const { store, connect } = await created()
    const bytes = new Uint8Array(2_000_000).fill(7)
    const blob = blobOf('a', bytes)
    await Promise.all([store, connect(), connect()].map((each) => each.write(task, blob, bytes)))
    expect((await store.read(task, blob)).length).toBe(bytes.length)
  })
}
