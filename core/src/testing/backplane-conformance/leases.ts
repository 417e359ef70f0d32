import { type ConformancePart, task } from './scenario.ts'

/** Leases: who gets a task, when, and with which epoch. */
export const leaseConformance: ConformancePart = (test, expect) => {
  test('grants a free task under a run, an epoch and a nonce', async (s) => {
    const { lease } = await s.owner('a')
    expect(lease).toMatchObject({ task, owner: 'a' })
    expect(lease.epoch).toBeGreaterThan(0)
    expect(lease.run.length).toBeGreaterThan(0)
    expect(lease.nonce.length).toBeGreaterThan(0)
  })

  test('refuses a task that another worker holds, naming it and the time left', async (s) => {
    await s.owner('a')
    const answer = await (await s.store.connect()).acquire({ task, owner: 'b', leaseMs: s.leaseMs })
    expect(answer).toMatchObject({ type: 'held', owner: 'a' })
    if (answer.type === 'held') expect(answer.expiresInMs).toBeLessThanOrEqual(s.leaseMs)
  })

  test('gives an owner that asks again the lease it has, for the first reply may be lost', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const { epoch, nonce, run } = await s.take(backplane, 'a')
    expect({ epoch, nonce, run }).toEqual({ epoch: lease.epoch, nonce: lease.nonce, run: lease.run })
  })

  test('grants an expired lease to another worker under a higher epoch, another nonce and the same run', async (s) => {
    const first = await s.owner('a')
    const second = await s.successor('b')
    expect(second.lease.epoch).toBe(first.lease.epoch + 1)
    expect(second.lease.nonce === first.lease.nonce).toBe(false)
    expect(second.lease.run).toBe(first.lease.run)
  })

  test('grants a released lease at once, and the epoch goes on growing', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await backplane.release(lease)
    expect((await s.owner('b')).lease.epoch).toBe(lease.epoch + 1)
  })

  test('renews: the lease outlives its first expiry', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await s.store.advance(s.leaseMs * 0.7)
    expect(await backplane.renew([lease], s.leaseMs)).toEqual([true])
    await s.store.advance(s.leaseMs * 0.7)
    expect((await backplane.acquire({ task, owner: 'b', leaseMs: s.leaseMs })).type).toBe('held')
  })

  test('renews an expired lease that nobody took: only the backplane says that one is lost', async (s) => {
    const { backplane, lease } = await s.owner('a')
    await s.store.advance(s.leaseMs * 2)
    expect(await backplane.renew([lease], s.leaseMs)).toEqual([true])
    expect((await backplane.acquire({ task, owner: 'b', leaseMs: s.leaseMs })).type).toBe('held')
  })

  test('answers a renewal lease by lease, and says no to those that are lost or given up', async (s) => {
    const { backplane, lease } = await s.owner('a')
    const other = await s.take(backplane, 'a', 'job/1')
    await s.successor('b')
    const third = await s.take(backplane, 'a', 'job/2')
    await backplane.release(third)
    expect(await backplane.renew([lease, other, third], s.leaseMs)).toEqual([false, true, false])
  })

  test('ignores the release of a lease that is lost', async (s) => {
    const first = await s.owner('a')
    const second = await s.successor('b')
    await first.backplane.release(first.lease)
    expect(await second.backplane.renew([second.lease], s.leaseMs)).toEqual([true])
  })

  test('cuts an expiry that lies further off than the lease time, as after a clock was set back', async (s) => {
    const { backplane } = await s.owner('a')
    await s.store.advance(-3_600_000)
    const answer = await backplane.acquire({ task, owner: 'b', leaseMs: s.leaseMs })
    if (answer.type === 'held') expect(answer.expiresInMs).toBeLessThanOrEqual(s.leaseMs)
    await s.successor('b')
  })

  test('keeps tasks apart', async (s) => {
    const { backplane } = await s.owner('a')
    const other = await s.take(await s.store.connect(), 'b', 'job/1')
    await backplane.release(other)
    expect((await backplane.acquire({ task, owner: 'b', leaseMs: s.leaseMs })).type).toBe('held')
  })

  test('takes a task over at once from an owner that is known to be dead', async (s) => {
    const { lease } = await s.owner('a')
    if (s.store.kill === undefined) await s.store.advance(s.leaseMs + 1)
    else await s.store.kill('a')
    expect((await s.owner('b')).lease.epoch).toBe(lease.epoch + 1)
  })
}
