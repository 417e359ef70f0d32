import { type ClusterPart } from './cluster-scenario.ts'

/** Workers: what they learn of each other. */
export const membershipConformance: ClusterPart = (test, expect) => {
  test('tells a worker of all that live, with their load, by name', async (s) => {
    const [b, a] = [await s.open(), await s.open()]
    const load = { tasks: 3, recordsPerSecond: 1.5, backlog: 10 }
    await s.beat(b, 'b', { load, isDraining: true })
    const { workers } = await s.beat(a, 'a')
    expect(workers).toEqual([
      { worker: 'a', tasks: 0, recordsPerSecond: 0, backlog: 0, isDraining: false },
      { worker: 'b', ...load, isDraining: true },
    ])
  })

  test('forgets a worker that gives no sign of life for the lease time', async (s) => {
    await s.worker('a')
    const b = await s.worker('b')
    await s.store.advance(s.leaseMs * 0.6)
    await s.beat(b, 'b')
    await s.store.advance(s.leaseMs * 0.6)
    expect((await s.beat(b, 'b')).workers.map(({ worker }) => worker)).toEqual(['b'])
  })

  test('forgets a dead worker in time after a clock was set back, too', async (s) => {
    await s.worker('a')
    const b = await s.worker('b')
    await s.store.advance(-3_600_000)
    await s.beat(b, 'b')
    await s.store.advance(s.leaseMs + 1)
    expect((await s.beat(b, 'b')).workers.map(({ worker }) => worker)).toEqual(['b'])
  })

  test('renews all leases of a worker, and says which are lost', async (s) => {
    const a = await s.worker('a')
    const [first, second] = await s.claim(a, 'a')
    if (!first || !second) throw new Error('there are two tasks')
    await a.release(second.lease)
    await s.store.advance(s.leaseMs * 0.7)
    expect((await s.beat(a, 'a', { claimed: [first, second] })).held).toEqual([true, false])
    await s.store.advance(s.leaseMs * 0.7)
    expect(await s.claimedNames(await s.worker('b'), 'b')).toEqual(['counts/1'])
  })

  test('renews more leases than one request holds', async (s) => {
    const exchanges = [{ name: 'wide', partitions: 2_500, sends: [] }]
    const job = { sources: [{ name: 'clicks', sends: ['wide'] }], exchanges }
    const a = await s.worker('a', job)
    const claimed = await s.claim(a, 'a', 10_000)
    expect(claimed.length).toBe(2_500)
    await s.store.advance(s.leaseMs * 0.7)
    const { held } = await s.beat(a, 'a', { claimed })
    expect([held.length, held.every(Boolean)]).toEqual([2_500, true])
    await s.store.advance(s.leaseMs * 0.7)
    expect(await s.claimedNames(await s.worker('b', job), 'b')).toEqual([])
  })

  test('counts the tasks that may run, and those that nobody holds', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0', { id: '1', parents: ['0'] }])
    const { tasks, free } = await s.beat(a, 'a')
    expect([tasks, free]).toEqual([3, 3])
    const claimed = await s.claim(a, 'a', 2)
    const held = await s.beat(a, 'a', { claimed })
    expect([held.tasks, held.free]).toEqual([3, 1])
    await s.store.advance(s.leaseMs + 1)
    const expired = await s.beat(await s.open(), 'b')
    expect([expired.tasks, expired.free]).toEqual([3, 3])
  })

  test('tells a worker who asks it for tasks, once', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    await b.ask({ from: 'a', worker: 'b', leaseMs: s.leaseMs })
    expect((await s.beat(b, 'b')).asks).toEqual([])
    expect((await s.beat(a, 'a')).asks).toEqual(['b'])
    expect((await s.beat(a, 'a')).asks).toEqual([])
  })

  test('forgets what was asked after the lease time', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    await b.ask({ from: 'a', worker: 'b', leaseMs: s.leaseMs / 2 })
    await s.store.advance(s.leaseMs * 0.6)
    expect((await s.beat(a, 'a')).asks).toEqual([])
  })

  test('takes a worker off the list that leaves', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    await a.leave('a')
    await a.leave('a')
    expect((await s.beat(b, 'b')).workers.map(({ worker }) => worker)).toEqual(['b'])
    expect((await s.beat(a, 'a')).workers.map(({ worker }) => worker)).toEqual(['a', 'b'])
  })

  test('tells a worker to drain, until it has left, and gives it no tasks', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    expect(await b.drain('nobody')).toBe(false)
    expect(await b.drain('a')).toBe(true)
    expect([(await s.beat(a, 'a')).drain, (await s.beat(b, 'b')).drain]).toEqual([true, false])
    expect(await s.claimedNames(a, 'a')).toEqual([])
    await a.leave('a')
    expect(await b.drain('a')).toBe(false)
    expect((await s.beat(await s.open(), 'a')).drain).toBe(false)
  })

  test('shows the whole job', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0', { id: '1', parents: ['0'] }])
    const task = await s.take(a, 'a', 'clicks/0')
    await s.write(a, task, { watermark: 7, frames: [['counts', 1, 'abc']] })
    const status = await (await s.store.connect()).status()
    expect(status.workers.map(({ worker }) => worker)).toEqual(['a'])
    expect([status.finished, status.run]).toEqual([false, task.lease.run])
    expect(status.exchanges).toEqual([{ exchange: 'counts', depths: [0, 3], watermark: 7 }])
    const [first, second, third] = status.tasks
    expect(first).toMatchObject({ task: 'clicks/0', state: 'ready', owner: 'a', epoch: 1, seq: 1, watermark: 7 })
    expect(second).toMatchObject({ task: 'clicks/1', state: 'waiting', owner: undefined, seq: 0, watermark: undefined })
    expect(third).toMatchObject({ task: 'counts/0', state: 'ready', watermark: undefined })
    expect(first?.expiresInMs ?? 0).toBeLessThanOrEqual(s.leaseMs)
  })
}
