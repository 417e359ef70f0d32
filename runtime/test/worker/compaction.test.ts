import type { Backplane } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { counting, type Click, type Views } from '../support/graphs.ts'
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

/** One checkpoint a click, each with a new key. */
async function checkpoints(number: number, from: number): Promise<void> {
  for (let i = from; i < from + number; i++) {
    log.append('a', { page: `p${i}`, at: 1_000 })
    await world.advance(1_100)
  }
}

test('merges the deltas of many checkpoints into a base, and loses nothing by it', async () => {
  const sink = new MemorySink<Views>()
  log.add('a')
  const worker = workerOf(counting(log, sink), backplane, world)
  void worker.run()
  await checkpoints(80, 0)
  const { state = [] } = (await backplane.readCheckpoint('clicks')) ?? {}
  expect(state[0]?.kind).toBe('base')
  expect(state.length).toBeLessThanOrEqual(34)
  worker.stop()
  await world.run(worker.run())
  log.finish()
  await world.run(workerOf(counting(log, sink), backplane, world).run())
  expect(sink.visible.map(({ page, n }) => `${page}:${n}`).toSorted()).toEqual(
    Array.from({ length: 80 }, (_, i) => `p${i}:1`).toSorted(),
  )
})

test('drops the blobs that were merged, but not before the record that names them is out of use', async () => {
  const dropped: string[] = []
  const watched: Backplane = new Proxy(backplane, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (name !== 'collectGarbage') return member.bind(target) as unknown
      return async (...args: unknown[]) => {
        const { seq, state = [] } = (await backplane.readCheckpoint('clicks')) ?? {}
        dropped.push(`${seq}: ${state[0]?.id.split('-').slice(-2).join('-')}`)
        return Reflect.apply(member, target, args) as unknown
      }
    },
  })
  log.add('a')
  void workerOf(counting(log, new MemorySink()), watched, world).run()
  await checkpoints(40, 0)
  // merged after record 34, named by 35, and 34 is needed until 36 is written
  expect(dropped).toEqual(['36: 34-merged'])
})
