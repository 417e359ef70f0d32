import type { Backplane } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { clicks, counting, passing, type Click, type Views } from '../support/graphs.ts'
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

test('fires every window at the end of a bounded input and finishes', async () => {
  log
    .add('a', clicks('x', 2))
    .add('b', clicks('x', 1, 12))
    .finish()
  const sink = new MemorySink<Views>()
  const worker = workerOf(counting(log, sink), backplane, world)
  expect(await world.run(worker.run())).toBe('finished')
  expect(sink.visible).toEqual([
    { page: 'x', start: 0, end: 10_000, n: 2 },
    { page: 'x', start: 10_000, end: 20_000, n: 1 },
  ])
  expect(worker.progress()).toMatchObject({ state: 'closed', records: 3, written: 2, deadLetters: 0, partitions: 0 })
})

test('finishes an input without any partition', async () => {
  const worker = workerOf(counting(log.finish(), new MemorySink()), backplane, world)
  expect(await world.run(worker.run())).toBe('finished')
})

test('marks the last checkpoint as finished, and commits all of it before it ends', async () => {
  const sink = new MemorySink<Click>()
  await world.run(workerOf(passing(log.add('a', clicks('x', 3)).finish(), sink), backplane, world).run())
  expect(sink.calls).toEqual(['open 1', 'abort 1', 'prepare 1', 'prepare 2 last', 'commit 1', 'close'])
  expect(await backplane.readCheckpoint('clicks')).toMatchObject({
    finished: true,
    handles: [],
    positions: { clicks: { a: null } },
  })
})

test('ends at once, and says so, when it had finished and nothing has come since', async () => {
  const sink = new MemorySink<Views>()
  const graph = counting(log.add('a', clicks('x', 2)).finish(), sink)
  await world.run(workerOf(graph, backplane, world).run())
  const before = await backplane.readCheckpoint('clicks')
  expect(await world.run(workerOf(graph, backplane, world).run())).toBe('nothing new')
  expect(sink.visible).toHaveLength(1)
  expect(await backplane.readCheckpoint('clicks')).toEqual(before)
})

test('goes on with partitions that came after it had finished; records of windows that fired are late', async () => {
  const sink = new MemorySink<Views>()
  await world.run(workerOf(counting(log.add('a', clicks('x', 2)).finish(), sink), backplane, world).run())
  log.add('b', [...clicks('x', 1, 5), ...clicks('x', 3, 21)]).finish()
  expect(await world.run(workerOf(counting(log, sink), backplane, world).run())).toBe('finished')
  expect(sink.visible).toEqual([
    { page: 'x', start: 0, end: 10_000, n: 2 },
    { page: 'x', start: 20_000, end: 30_000, n: 3 },
  ])
  expect(await backplane.deadLetters({ limit: 10 })).toMatchObject([{ code: 'LATE', partition: 'b', position: '0' }])
})

test('keeps waiting while the list of partitions is not final', async () => {
  const sink = new MemorySink<Click>()
  const worker = workerOf(passing(log.add('a', clicks('x', 1)), sink), backplane, world)
  const ending = worker.run()
  log.end('a')
  await world.advance(60_000)
  expect(worker.state).toBe('running')
  log.add('b', clicks('y', 1)).finish()
  expect(await world.run(ending)).toBe('finished')
  expect(sink.visible.map(({ page }) => page)).toEqual(['x', 'y'])
})

test('writes no checkpoint while nothing happens', async () => {
  const worker = workerOf(passing(log.add('a', clicks('x', 1)), new MemorySink()), backplane, world)
  void worker.run()
  await world.advance(5_000)
  const { checkpoint } = worker.progress()
  await world.advance(60_000)
  expect(worker.progress().checkpoint).toBe(checkpoint)
  worker.stop()
  await world.run(worker.run())
})
