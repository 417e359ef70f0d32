import { type Backplane, MillraceError } from '@millrace/core'
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

test('stops with a last checkpoint, all of it visible, and gives the lease up', async () => {
  const sink = new MemorySink<Click>()
  const worker = workerOf(passing(log.add('a', clicks('x', 5)), sink), backplane, world)
  const ending = worker.run()
  await world.until(() => worker.progress().written === 5)
  worker.stop()
  expect(await world.run(ending)).toBe('stopped')
  expect(sink.visible).toEqual(clicks('x', 5))
  expect(sink.calls.slice(-3)).toEqual(['prepare 2 last', 'commit 1', 'close'])
  expect(await backplane.acquire({ task: 'clicks', owner: 'other', leaseMs: 1 })).toMatchObject({ type: 'acquired' })
})

test('goes on where it stopped, with the state it had', async () => {
  const sink = new MemorySink<Views>()
  const first = workerOf(counting(log.add('a', clicks('x', 5)), sink), backplane, world)
  void first.run()
  await world.until(() => first.progress().records === 5)
  first.stop()
  await world.run(first.run())
  log.append('a', ...clicks('x', 3, 6)).finish()
  await world.run(workerOf(counting(log, sink), backplane, world).run())
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 8 }])
})

test('waits for a sink that pushes back, then stops in good order', async () => {
  const sink = new MemorySink<Click>()
  let open = (): void => undefined
  sink.gate = new Promise((resolve) => (open = resolve))
  const worker = workerOf(passing(log.add('a', clicks('x', 100)).finish(), sink), backplane, world)
  const ending = worker.run()
  await world.advance(2_000)
  worker.stop()
  await world.advance(2_000)
  expect(worker.state).toBe('running')
  open()
  expect(await world.run(ending)).toBe('stopped')
  expect(sink.visible).toEqual(clicks('x', 10))
})

test('reads no further than one batch ahead of a sink that pushes back', async () => {
  const sink = new MemorySink<Click>()
  sink.gate = new Promise(() => undefined)
  const worker = workerOf(passing(log.add('a', clicks('x', 100)), sink), backplane, world)
  void worker.run()
  await world.advance(9_000)
  expect(worker.progress().records).toBe(10)
})

test('gives up waiting for a sink that hangs, and loses nothing by it', async () => {
  const sink = new MemorySink<Click>()
  sink.gate = new Promise(() => undefined)
  const graph = passing(log.add('a', clicks('x', 5)).finish(), sink)
  const worker = workerOf(graph, backplane, world, { stopWithinMs: 3_000 })
  const ending = worker.run()
  await world.advance(1_000)
  worker.stop()
  expect(await world.run(ending)).toBe('stopped')
  expect(world.elapsed()).toBeLessThan(12_000)
  sink.gate = undefined
  await world.run(workerOf(graph, backplane, world).run())
  expect(sink.visible).toEqual(clicks('x', 5))
})

test('stops while it waits for a source, a destination or a lease', async () => {
  log.failures.partitions.push(...Array.from({ length: 50 }, () => new Error('no route to host')))
  const reading = workerOf(passing(log, new MemorySink()), backplane, world)
  const ending = reading.run()
  await world.advance(60_000)
  reading.stop()
  expect(await world.run(ending)).toBe('stopped')

  const sink = new MemorySink<Click>()
  sink.trouble.open.push(...Array.from({ length: 50 }, () => new MillraceError('SINK', 'away', { retryable: true })))
  const opening = workerOf(passing(log, sink), backplane, world)
  void opening.run()
  await world.advance(1_000)
  const waiting = workerOf(passing(log, sink), backplane, world)
  const leaseless = waiting.run()
  await world.advance(1_000)
  waiting.stop()
  expect(await world.run(leaseless)).toBe('stopped')
  opening.stop()
  expect(await world.run(opening.run())).toBe('stopped')
})

test('may be stopped twice, and before it runs', async () => {
  const worker = workerOf(passing(log, new MemorySink()), backplane, world)
  worker.stop()
  worker.stop()
  expect(await world.run(worker.run())).toBe('stopped')
})
