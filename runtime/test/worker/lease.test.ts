import type { Backplane } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { acquire } from '../../src/worker/acquire.ts'
import { silent } from '../../src/logger.ts'
import { clicks, passing, type Click } from '../support/graphs.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

let world: ManualWorld
let backplane: Backplane
let log: MemoryLog<Click>

beforeEach(() => {
  world = new ManualWorld()
  backplane = memoryBackplane(world)
  log = new MemoryLog(world)
})

const ask = (owner: string, liveness: 'alive' | 'unknown'): ReturnType<typeof acquire> =>
  acquire({
    backplane,
    task: 'clicks',
    owner,
    leaseMs: 10_000,
    world,
    log: silent,
    signal: new AbortController().signal,
    livenessOf: () => liveness,
  })

test('keeps its lease as long as it lives', async () => {
  const worker = workerOf(passing(log, new MemorySink()), backplane, world)
  void worker.run()
  await world.advance(600_000)
  expect((await backplane.acquire({ task: 'clicks', owner: 'other', leaseMs: 1 })).type).toBe('held')
})

test('refuses a job that a live process runs, and names it', async () => {
  await ask('web-1/4026531836:4711:99:n1', 'alive')
  await expect(ask('me', 'alive')).rejects.toMatchObject({ code: 'LEASE_HELD' })
  await expect(ask('me', 'alive')).rejects.toThrow('job clicks: process 4711 on web-1 runs it; stop that one first')
})

test('waits for the lease of an owner that it cannot see, until it expires', async () => {
  await ask('gone', 'unknown')
  const lease = await world.run(ask('me', 'unknown'))
  expect(lease).toMatchObject({ owner: 'me', epoch: 2 })
  expect(world.elapsed()).toBeLessThanOrEqual(10_010)
})

test('gives up on an owner that it cannot see and that goes on renewing', async () => {
  const other = workerOf(passing(log, new MemorySink()), backplane, world)
  void other.run()
  await world.settle()
  await expect(world.run(ask('me', 'unknown'))).rejects.toMatchObject({ code: 'LEASE_HELD' })
})

test('stops with FENCED at the next heartbeat when its task was taken, and aborts nothing', async () => {
  const sink = new MemorySink<Click>()
  const worker = workerOf(passing(log.add('a', clicks('x', 3)), sink), backplane, world, {
    checkpointEveryMs: 3_600_000,
  })
  const ending = worker.run()
  await world.until(() => worker.progress().written === 3)
  const lease = await steal('other')
  await expect(world.run(ending)).rejects.toMatchObject({ code: 'FENCED' })
  expect(sink.calls.filter((call) => call.startsWith('abort'))).toEqual(['abort 1'])
  expect(sink.visible).toEqual([])
  expect(await backplane.renew([lease], 10_000)).toEqual([true])
})

test('stops with FENCED at the next checkpoint when its task was taken, and leaves what it prepared', async () => {
  const sink = new MemorySink<Click>()
  const worker = workerOf(passing(log.add('a', clicks('x', 3)), sink), backplane, world, { leaseMs: 3_600_000 })
  const ending = worker.run()
  await world.until(() => worker.progress().written === 3)
  await steal('other')
  await expect(world.run(ending)).rejects.toMatchObject({ code: 'FENCED' })
  expect(sink.visible).toEqual([])
  expect(sink.prepared.size).toBe(1)
})

/** Takes the task although it is held, as after a pause longer than the lease. */
async function steal(
  owner: string,
): Promise<{ task: string; owner: string; run: string; epoch: number; nonce: string; expiresAt: number }> {
  world.setClock(3_700_000)
  const answer = await backplane.acquire({ task: 'clicks', owner, leaseMs: 7_200_000 })
  if (answer.type === 'held') throw new Error('it is held')
  return answer.lease
}
