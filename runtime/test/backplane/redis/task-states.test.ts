import type { Checkpoint, Lease, StateBlob } from '@millrace/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { TaskStates } from '../../../src/backplane/redis/task-states.ts'
import { MemoryStateStore } from '../../../src/testing/memory-state-store.ts'
import { ManualWorld } from '../../support/manual-world.ts'
import { checkpointOf } from './support/one-task-job.ts'

const graceMs = 60_000
const lease: Lease = { task: 'clicks/0', owner: 'a', run: 'r', epoch: 1, nonce: 'n', expiresAt: 0 }
const blob = (id: string): StateBlob => ({ id, kind: 'delta', bytes: 1, hash: '' })
const naming = (...ids: string[]): Checkpoint => ({ ...checkpointOf(lease, 1), state: ids.map(blob) })

describe('state of a task', () => {
  let world: ManualWorld
  let store: MemoryStateStore
  let states: TaskStates
  beforeEach(() => {
    world = new ManualWorld()
    store = new MemoryStateStore(world)
    states = new TaskStates(store, world, graceMs)
  })

  const write = (id: string): Promise<void> => states.write(lease, blob(id), new Uint8Array(1))
  const stored = async (): Promise<string[]> => (await store.list('clicks/0')).map(({ id }) => id)

  test('is dropped when no record has named it for a while, however old it is', async () => {
    for (const id of ['a', 'b']) await write(id)
    states.accepted(lease, naming('a', 'b'))
    await world.advance(10 * graceMs)
    await states.collect(lease, new Set(['b']))
    await world.advance(graceMs - 1)
    await states.collect(lease, new Set(['b']))
    expect(await stored()).toEqual(['a', 'b'])
    await world.advance(1)
    await states.collect(lease, new Set(['b']))
    expect(await stored()).toEqual(['b'])
  })

  test('stays that is named again in the meantime', async () => {
    await write('a')
    states.accepted(lease, naming('a'))
    await states.collect(lease, new Set())
    await world.advance(graceMs)
    await states.collect(lease, new Set(['a']))
    await world.advance(graceMs)
    await states.collect(lease, new Set())
    expect(await stored()).toEqual(['a'])
  })

  test('stays that this tenure has stored for a record to come', async () => {
    await write('a')
    for (let times = 0; times < 2; times++) {
      await states.collect(lease, new Set())
      await world.advance(graceMs)
    }
    expect(await stored()).toEqual(['a'])
  })

  test('is removed when its record was refused, unless that may have been accepted before', async () => {
    for (const id of ['a', 'b']) await write(id)
    await states.refused(lease, blob('a'))
    states.unsure(lease, blob('b'))
    await states.refused(lease, blob('b'))
    expect(await stored()).toEqual(['b'])
  })

  test('is looked for in the store only where nobody has seen it', async () => {
    await write('a')
    await states.check(lease, naming('a'))
    await expect(states.check(lease, naming('a', 'b'))).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
    await store.write('clicks/0', blob('b'), new Uint8Array(1))
    await states.check(lease, naming('a', 'b'))
    states.restored('clicks/0', naming('c').state)
    await states.check({ ...lease, epoch: 2 }, naming('c'))
  })
})
