import {
  type Backplane,
  type Codec,
  from,
  lines,
  MillraceError,
  type Read,
  type Source,
  topology,
} from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { clicks, passing, type Click } from '../support/graphs.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

let world: ManualWorld
let backplane: Backplane
let log: MemoryLog<Click>
let sink: MemorySink<Click>

const away = new MillraceError('SINK', 'the destination is away', { retryable: true })

beforeEach(() => {
  world = new ManualWorld()
  backplane = memoryBackplane(world)
  log = new MemoryLog(world)
  sink = new MemorySink()
})

test('makes output visible with checkpoints only', async () => {
  log.add('a', clicks('x', 3))
  const worker = workerOf(passing(log, sink), backplane, world)
  void worker.run()
  await world.advance(900)
  expect(worker.progress().written).toBe(3)
  expect(sink.visible).toEqual([])
  await world.advance(200)
  expect(sink.visible).toHaveLength(3)
})

test('stores where a partition begins before it is read, and decides that once', async () => {
  const latest = new MemoryLog<Click>(world, { start: 'latest' }).add('a', clicks('old', 5))
  const first = workerOf(passing(latest, sink), backplane, world)
  void first.run()
  await world.until(() => latest.calls.some((call) => call.startsWith('open')))
  expect(await backplane.readCheckpoint('clicks')).toMatchObject({ seq: 1, positions: { clicks: { a: '5' } } })
  expect(latest.calls).toEqual(['partitions', 'resolve a', 'open a at 5'])
  first.stop()
  await world.run(first.run())
  latest.append('a', ...clicks('new', 2)).finish()
  await world.run(workerOf(passing(latest, sink), backplane, world).run())
  expect(sink.visible).toEqual(clicks('new', 2))
  expect(latest.calls.filter((call) => call.startsWith('resolve'))).toEqual(['resolve a'])
})

test('sends a record again when its reply was lost, and commits what was accepted', async () => {
  const lossy: Backplane = losing(backplane, 3)
  await world.run(workerOf(passing(log.add('a', clicks('x', 3)).finish(), sink), lossy, world).run())
  expect(sink.visible).toEqual(clicks('x', 3))
  expect(sink.commits).toHaveLength(1)
})

test('writes no other record before the handles of the last one are committed', async () => {
  sink.trouble.commit.push('retry', 'retry', 'retry', 'retry', 'retry', 'retry')
  const worker = workerOf(passing(log.add('a', clicks('x', 3)), sink), backplane, world)
  void worker.run()
  await world.until(() => sink.calls.filter((call) => call.startsWith('commit')).length === 3)
  const { checkpoint } = worker.progress()
  log.append('a', ...clicks('y', 3))
  await world.advance(2_000)
  expect(worker.progress().checkpoint).toBe(checkpoint)
  await world.until(() => sink.visible.length === 6)
  expect(sink.visible).toEqual([...clicks('x', 3), ...clicks('y', 3)])
})

test('a new owner commits what the record lists only once that cannot be forgotten', async () => {
  sink.trouble.commit.push(new Error('killed'))
  const graph = passing(log.add('a', clicks('x', 3)).finish(), sink)
  await expect(world.run(workerOf(graph, backplane, world).run())).rejects.toThrow('killed')
  const copies = { isEnough: false }
  const ending = workerOf(graph, durableOnce(copies, backplane), world).run()
  await world.advance(20_000)
  expect(sink.visible).toEqual([])
  copies.isEnough = true
  await world.run(ending)
  expect(sink.visible).toEqual(clicks('x', 3))
})

test('a new owner aborts nothing before its own lease cannot be forgotten', async () => {
  const copies = { isEnough: false }
  const graph = passing(log.add('a', clicks('x', 3)).finish(), sink)
  const ending = workerOf(graph, durableOnce(copies, backplane), world).run()
  await world.advance(20_000)
  expect(sink.calls).toContain('open 1')
  expect(sink.calls).not.toContain('abort 1')
  copies.isEnough = true
  await world.run(ending)
  expect(sink.calls).toContain('abort 1')
  expect(sink.visible).toEqual(clicks('x', 3))
})

test('processes on while handles are being committed', async () => {
  sink.trouble.commit.push('retry', 'retry')
  const worker = workerOf(passing(log.add('a', clicks('x', 3)), sink, {}), backplane, world, {
    checkpointEveryMs: 60_000,
  })
  void worker.run()
  await world.until(() => sink.calls.includes('commit 1'))
  log.append('a', ...clicks('y', 3))
  await world.settle()
  expect(sink.visible).toEqual([])
  expect(worker.progress().written).toBe(6)
})

test('stops with LOST_HANDLE, naming sink and destination, when prepared output is gone', async () => {
  const worker = workerOf(passing(log.add('a', clicks('x', 3)), sink), backplane, world)
  const ending = worker.run()
  sink.trouble.commit.push('retry')
  await world.until(() => sink.calls.includes('commit 1'))
  sink.lose()
  await expect(world.run(ending)).rejects.toMatchObject({ code: 'LOST_HANDLE', node: 'out' })
  await expect(ending).rejects.toThrow(/sink out: .* memory\/.* is gone/)
})

test('says so at each start, until the lost output may be forgotten', async () => {
  sink.trouble.commit.push(new Error('killed'))
  const graph = passing(log.add('a', clicks('x', 3)), sink)
  await expect(world.run(workerOf(graph, backplane, world).run())).rejects.toThrow('killed')
  sink.lose()
  await expect(world.run(workerOf(graph, backplane, world).run())).rejects.toMatchObject({ code: 'LOST_HANDLE' })
  log.append('a', ...clicks('y', 1)).finish()
  expect(await world.run(workerOf(graph, backplane, world, { drop: ['out'] }).run())).toBe('finished')
  expect(sink.visible).toEqual(clicks('y', 1))
})

test('calls a sink again whose write, prepare or commit failed for the moment', async () => {
  sink.trouble.write.push(away, away)
  sink.trouble.prepare.push(away)
  sink.trouble.open.push(away)
  await world.run(workerOf(passing(log.add('a', clicks('x', 30)).finish(), sink), backplane, world).run())
  expect(sink.visible).toEqual(clicks('x', 30))
})

test('fails when a sink fails for good, and the next start goes on from the last checkpoint', async () => {
  sink.trouble.prepare.push(new Error('no such bucket'))
  const graph = passing(log.add('a', clicks('x', 3)).finish(), sink)
  await expect(world.run(workerOf(graph, backplane, world).run())).rejects.toMatchObject({
    code: 'SINK',
    node: 'out',
    message: 'sink out: prepare failed: no such bucket',
  })
  await world.run(workerOf(graph, backplane, world).run())
  expect(sink.visible).toEqual(clicks('x', 3))
})

test('commits, after a restart, what the last record lists, and only then removes what older tenures left', async () => {
  const graph = passing(log.add('a', clicks('x', 3)), sink)
  sink.trouble.commit.push(new Error('killed'))
  await expect(world.run(workerOf(graph, backplane, world).run())).rejects.toMatchObject({ code: 'SINK' })
  sink.prepared.set('left behind', { task: 'clicks', epoch: 1, values: clicks('z', 1) })
  sink.calls.length = 0
  const worker = workerOf(graph, backplane, world)
  void worker.run()
  await world.until(() => worker.state === 'running')
  expect(sink.calls.slice(0, 3)).toEqual(['open 2', 'commit 1', 'abort 2'])
  expect(sink.visible).toEqual(clicks('x', 3))
  expect(sink.prepared.size).toBe(0)
})

test('gives a writer the state that the one before it had prepared', async () => {
  const states: unknown[] = []
  const watched = new MemorySink<Click>()
  const { sink: inner } = watched
  const graph = passing(log.add('a', clicks('x', 3)).finish(), {
    sink: { ...inner, open: (context) => (states.push(context.state), inner.open(context)) },
  } as MemorySink<Click>)
  await world.run(workerOf(graph, backplane, world).run())
  await world.run(workerOf(graph, backplane, world).run())
  expect(states).toEqual([undefined, { seq: 2 }])
})

test.each([
  { perRead: 1, records: 1_000, costMs: 0.5 },
  { perRead: 102_400, records: 102_400, costMs: 10 },
])('gives heartbeats and signals their turn while there is more to do: %o', async ({ perRead, records, costMs }) => {
  let turns = 0
  class Watched extends ManualWorld {
    override giveWay(): Promise<void> {
      turns++
      return super.giveWay()
    }
  }
  const busy = new Watched({ costMs })
  log = new MemoryLog<Click>(busy, { perRead }).add('a', clicks('x', records)).finish()
  const ending = workerOf(passing(log, sink), memoryBackplane(busy), busy).run()
  turns = 0
  let ended = false
  void ending.then(() => (ended = true))
  while (!ended) await new Promise((resolve) => setImmediate(resolve))
  expect(turns).toBeGreaterThanOrEqual(100)
})

test('takes a checkpoint early when many dead letters wait in memory', async () => {
  const page = 'x'.repeat(1024 * 1024)
  log.add(
    'a',
    Array.from({ length: 10 }, () => ({ page, at: -1 })),
  )
  const worker = workerOf(passing(log, sink), backplane, world, { checkpointEveryMs: 3_600_000 })
  void worker.run()
  await world.until(() => worker.progress().checkpoint === 2)
  expect(world.elapsed()).toBeLessThan(60_000)
  expect(await backplane.deadLetters({ limit: 100 })).toHaveLength(10)
})

test('takes a checkpoint early when much was read', async () => {
  const big = slabSource(40, 1024 * 1024, 4)
  const graph = topology('big')
    .sources(() => ({ big: from(big) }))
    .build(({ big: stream }) => ({ out: stream.map(() => ({ page: 'x', at: 0 })).to(sink.sink) }))
    .graph({})
  const worker = workerOf(graph, backplane, world, { checkpointEveryMs: 3_600_000 })
  void worker.run()
  // after the first, which stores where the partition begins: 160 MiB, a checkpoint for each 64 MiB
  await world.until(() => worker.progress().records === 160)
  await world.advance(1_000)
  expect(worker.progress().checkpoints).toBe(3)
})

/** A source of so many reads, each a slab of large lines that is a view of one piece of memory. */
function slabSource(rows: number, rowBytes: number, reads: number): Source<string> {
  const bytes = new Uint8Array(rows * rowBytes * 2).fill(120)
  const starts = Uint32Array.from({ length: rows }, (_, i) => i * rowBytes)
  const slab = { bytes, starts, ends: starts.map((at) => at + rowBytes), length: rows }
  const read = (n: number): Read<string> => ({
    type: 'records',
    slab,
    arrival: world.clock.now(),
    position: String(n),
    positionOf: (row) => `${n}.${row}`,
    metaOf: () => ({ partition: 'a', arrival: 0 }),
  })
  return {
    kind: 'slabs',
    description: 'slabs()',
    codec: lines() as Codec<unknown>,
    async *partitions() {
      yield { partitions: [{ id: 'a' }], final: true }
    },
    resolve: async () => '0',
    open: async () => {
      let n = 0
      return {
        read: async () => (n++ < reads ? read(n) : new Promise<never>(() => undefined)),
        close: async () => undefined,
      }
    },
    compare: () => 0,
  }
}

/** Does what it is asked, and loses the reply to the first writes of a record. */
function losing(inner: Backplane, replies: number): Backplane {
  let left = replies
  return new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        const answer: unknown = await Reflect.apply(member, target, args)
        if (name === 'writeCheckpoint' && left-- > 0)
          throw new MillraceError('BACKPLANE', 'no reply', { retryable: true })
        return answer
      }
    },
  })
}

/** The backplane, but nothing is durable before there are copies enough. */
function durableOnce(copies: { readonly isEnough: boolean }, inner: Backplane): Backplane {
  return new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        if (name === 'durable' && !copies.isEnough)
          throw new MillraceError('BACKPLANE', 'too few copies', { retryable: true })
        return (await Reflect.apply(member, target, args)) as unknown
      }
    },
  })
}
