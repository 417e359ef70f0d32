import { type Backplane, from, MillraceError, topology } from '@millrace/core'
import { beforeEach, expect, test } from 'vitest'
import { clicks, counting, passing, type Click, type Views } from '../support/graphs.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

let world: ManualWorld
let backplane: Backplane
let log: MemoryLog<Click>

const reset = (): Error => new Error('connection reset')

beforeEach(() => {
  world = new ManualWorld()
  backplane = memoryBackplane(world)
  log = new MemoryLog(world)
})

test('opens a reader that failed again behind the last records it gave', async () => {
  const sink = new MemorySink<Click>()
  log.add('a', clicks('x', 25)).finish()
  log.failures.read.push(undefined, undefined, reset(), reset())
  await world.run(workerOf(passing(log, sink), backplane, world).run())
  expect(sink.visible).toEqual(clicks('x', 25))
  expect(log.calls.filter((call) => call !== 'partitions')).toEqual([
    'resolve a',
    'open a at 0',
    'close a',
    'open a at 20',
    'close a',
    'open a at 20',
    'close a',
  ])
})

test('asks again for partitions, for where they begin and for readers', async () => {
  const sink = new MemorySink<Click>()
  log.add('a', clicks('x', 3)).finish()
  log.failures.partitions.push(reset(), reset())
  log.failures.resolve.push(reset())
  log.failures.open.push(reset(), reset())
  await world.run(workerOf(passing(log, sink), backplane, world).run())
  expect(sink.visible).toEqual(clicks('x', 3))
})

test('waits longer after each failure, and never longer than half a minute', async () => {
  log.add('a', clicks('x', 1))
  log.failures.open.push(...Array.from({ length: 14 }, reset))
  const worker = workerOf(passing(log, new MemorySink()), backplane, world)
  void worker.run()
  const times: number[] = []
  for (let opens = 1; opens <= 14; opens++) {
    await world.until(() => log.calls.filter((call) => call.startsWith('open')).length === opens)
    times.push(world.elapsed())
  }
  const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0))
  expect(waits[0]).toBeLessThanOrEqual(100)
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
  expect(waits.at(-1)).toBeGreaterThan(10_000)
})

test('fails when a source says that trying again is of no use', async () => {
  log.add('a', clicks('x', 1))
  log.failures.open.push(new MillraceError('SOURCE', 'access denied'))
  const ending = workerOf(passing(log, new MemorySink()), backplane, world).run()
  await expect(world.run(ending)).rejects.toMatchObject({
    code: 'SOURCE',
    node: 'clicks',
    partition: 'a',
    message: 'source clicks, partition a: access denied',
  })
})

test('takes partitions in turn', async () => {
  const sink = new MemorySink<Click>()
  log.add('a', clicks('x', 40)).add('b', clicks('y', 40)).finish()
  await world.run(workerOf(passing(log, sink), backplane, world).run())
  const turns = sink.visible
    .map(({ page }) => page)
    .join('')
    .match(/x+|y+/g)
  expect(turns).toHaveLength(8)
})

test('reads no more partitions at a time than it may, and all of them in the end', async () => {
  const sink = new MemorySink<Click>()
  for (let i = 0; i < 7; i++) log.add(`p${i}`, clicks(`x${i}`, 3))
  await world.run(workerOf(passing(log.finish(), sink), backplane, world, { maxReaders: 2 }).run())
  let open = 0
  const most = log.calls.map((call) => (open += call.startsWith('open') ? 1 : call.startsWith('close') ? -1 : 0))
  expect(Math.max(...most)).toBe(2)
  expect(sink.visible).toHaveLength(21)
})

test('reads those that come later from their start, also when those that are there begin at their end', async () => {
  const sink = new MemorySink<Click>()
  const latest = new MemoryLog<Click>(world, { start: 'latest' })
    .add('a', clicks('old', 5))
    .add('listed', clicks('old', 5), ['a'])
  void workerOf(passing(latest, sink), backplane, world).run()
  await world.until(() => latest.calls.includes('open a at 5'))
  // what reaches a child before its parent was read to its end is not passed by
  latest.append('a', ...clicks('new', 1)).add('child', clicks('new', 2, 1), ['a'])
  latest.add('other', clicks('new', 3, 3)).end('a', ['child'])
  await world.until(() => sink.visible.length === 6)
  expect(sink.visible.map(({ page }) => page)).toEqual(Array.from({ length: 6 }, () => 'new'))
  expect(latest.calls).toContain('open listed at 5')
})

test('starts a child only after all of its parents have ended, whatever comes first', async () => {
  const sink = new MemorySink<Click>()
  log
    .add('a', clicks('x', 1))
    .add('b', clicks('x', 1, 2))
    .add('c', clicks('x', 1, 3), ['a', 'b'])
  const worker = workerOf(passing(log, sink), backplane, world)
  void worker.run()
  await world.advance(5_000)
  log.end('a', ['c'])
  await world.advance(5_000)
  expect(log.calls).not.toContain('open c at 0')
  log.end('b', ['c'])
  await world.until(() => sink.visible.length === 3)
  expect(log.calls.filter((call) => call === 'resolve c')).toHaveLength(1)
})

test('starts no child of a merge after a restart either, before its second parent has ended', async () => {
  const sink = new MemorySink<Click>()
  const graph = passing(log, sink)
  log
    .add('a', clicks('x', 1))
    .add('b', clicks('x', 1, 2))
    .add('c', clicks('x', 1, 3), ['a', 'b'])
    .end('a', ['c'])
  const first = workerOf(graph, backplane, world)
  void first.run()
  await world.advance(5_000)
  first.stop()
  await world.run(first.run())
  expect(await backplane.readCheckpoint('clicks')).toMatchObject({ positions: { clicks: { a: null, b: '1', c: '0' } } })
  log.failures.partitions.push(reset(), reset(), reset())
  void workerOf(graph, backplane, world).run()
  await world.advance(20_000)
  expect(log.calls).not.toContain('open c at 0')
  log.end('b', ['c'])
  await world.until(() => sink.visible.length === 3)
})

test('reads no partition of a checkpoint before its own source has listed it, as only then its parents are known', async () => {
  const sink = new MemorySink<Click>()
  const hits = new MemoryLog<Click>(world).add('h', clicks('h', 1))
  const graph = topology('two')
    .sources(() => ({ clicks: from(log.source), hits: from(hits.source) }))
    .build(({ clicks: a, hits: b }) => ({ out: a.union(b).to(sink.sink) }))
    .graph({})
  log.add('a', clicks('x', 1)).add('b', clicks('x', 1)).add('c', clicks('x', 1), ['a', 'b']).end('a', ['c'])
  const first = workerOf(graph, backplane, world)
  void first.run()
  await world.advance(5_000)
  first.stop()
  await world.run(first.run())
  log.failures.partitions.push(reset(), reset(), reset(), reset(), reset())
  log.calls.length = 0
  void workerOf(graph, backplane, world).run()
  await world.until(() => log.calls.includes('open b at 1'))
  expect(log.calls.slice(0, 7)).toEqual([...Array.from({ length: 6 }, () => 'partitions'), 'open b at 1'])
  await world.advance(5_000)
  expect(log.calls).not.toContain('open c at 0')
})

test('lets no child that waits for its parents hold back what they bring', async () => {
  const sink = new MemorySink<Views>()
  log.add('a', clicks('x', 1, 5)).add('c', [], ['a'])
  void workerOf(counting(log, sink), backplane, world).run()
  await world.advance(2_000)
  log.append('a', ...clicks('x', 1, 50))
  await world.advance(2_000)
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 1 }])
})

test('does not let the watermark pass what a child has yet to bring, however late it is read', async () => {
  const sink = new MemorySink<Views>()
  log.add('a', clicks('x', 1, 5)).add('b', clicks('x', 1, 50))
  log.add('c', clicks('x', 2, 6), ['a'])
  log.failures.open.push(undefined, undefined, reset(), reset(), reset())
  void workerOf(counting(log.end('a', ['c']), sink), backplane, world).run()
  await world.advance(5_000)
  log.finish()
  await world.until(() => sink.visible.length === 2)
  expect(sink.visible).toEqual([
    { page: 'x', start: 0, end: 10_000, n: 3 },
    { page: 'x', start: 50_000, end: 60_000, n: 1 },
  ])
})

test('starts a merged partition at the lower of the watermarks its parents ended with, though no reader names it', async () => {
  const sink = new MemorySink<Views>()
  log
    .add('a', clicks('x', 1, 50))
    .add('b', clicks('x', 1, 5))
    .add('c', clicks('y', 1, 12), ['a', 'b'])
  void workerOf(counting(log.end('a'), sink), backplane, world).run()
  await world.advance(2_000)
  log.append('b', ...clicks('x', 1, 60)).end('b')
  await world.advance(2_000)
  expect(await backplane.deadLetters({ limit: 10 })).toMatchObject([{ code: 'LATE', partition: 'c' }])
})

test('lets a partition that is silent at its tip hold back no window', async () => {
  const sink = new MemorySink<Views>()
  log.add('a', clicks('x', 1, 5)).add('b', clicks('x', 1, 50))
  void workerOf(counting(log, sink, { idleAfter: '30s' }), backplane, world).run()
  await world.advance(25_000)
  log.append('b', ...clicks('y', 1, 51))
  await world.advance(10_000)
  expect(sink.visible).toEqual([{ page: 'x', start: 0, end: 10_000, n: 1 }])
})

test('does not take a partition for silent that cannot be read', async () => {
  const sink = new MemorySink<Views>()
  log.add('a', clicks('x', 1, 5)).add('b', clicks('x', 1, 50))
  void workerOf(counting(log, sink, { idleAfter: '30s' }), backplane, world).run()
  await world.advance(20_000)
  const failing = setFailing(log, 'a')
  await trickle(60, 51)
  expect(sink.visible).toEqual([])
  failing.over = true
  await trickle(25, 111)
  expect(sink.visible).toEqual([])
  await trickle(40, 136)
  expect(sink.visible).toContainEqual({ page: 'x', start: 0, end: 10_000, n: 1 })
})

test('lets a silent partition hold back windows again when it can no longer be read', async () => {
  const sink = new MemorySink<Views>()
  log.add('a', clicks('x', 1, 5)).add('b', clicks('x', 1, 50))
  void workerOf(counting(log, sink, { idleAfter: '30s' }), backplane, world).run()
  await trickle(40, 51)
  expect(sink.visible.length).toBeGreaterThan(0)
  setFailing(log, 'a')
  await trickle(5, 91)
  const { length } = sink.visible
  await trickle(60, 96)
  expect(sink.visible).toHaveLength(length)
})

/** A record a second on the other partition, as with all of them silent the watermark stays. */
async function trickle(seconds: number, from: number): Promise<void> {
  for (const click of clicks('y', seconds, from)) {
    log.append('b', click)
    await world.advance(1_000)
  }
}

/** Lets every read of a partition fail until it is over. */
function setFailing(of: MemoryLog<Click>, id: string): { over: boolean } {
  const failing = { over: false }
  of.failing = (partition) => (partition === id && !failing.over ? reset() : undefined)
  return failing
}
