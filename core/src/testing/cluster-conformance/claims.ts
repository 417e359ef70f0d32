import { type ClusterPart, namesOf, shape } from './cluster-scenario.ts'

/** Claims: who gets which tasks. */
export const claimConformance: ClusterPart = (test, expect) => {
  test('gives out tasks under leases of the run, with an epoch that grows', async (s) => {
    const backplane = await s.worker('a')
    const { run } = await backplane.open(shape)
    const [first] = await s.claim(backplane, 'a', 1)
    expect(first?.lease).toMatchObject({ task: 'counts/0', owner: 'a', run, epoch: 1 })
    if (first) await backplane.release(first.lease)
    const [second] = await s.claim(backplane, 'a', 1)
    expect(second?.lease.epoch).toBe(2)
    expect(second?.lease.nonce === first?.lease.nonce).toBe(false)
  })

  test('gives no more than was asked for, and nothing that another one holds', async (s) => {
    const a = await s.worker('a')
    const b = await s.worker('b')
    expect(await s.claimedNames(a, 'a', 1)).toEqual(['counts/0'])
    expect(await s.claimedNames(b, 'b')).toEqual(['counts/1'])
    expect(await s.claimedNames(b, 'b')).toEqual([])
  })

  test('gives tasks of exchanges before those of sources, and of sources no more than was asked for', async (s) => {
    const backplane = await s.worker('a')
    await s.found(backplane, ['0', '1', '2'])
    expect(await s.claimedNames(backplane, 'a', 2)).toEqual(['counts/0', 'counts/1'])
    expect(namesOf(await s.claim(backplane, 'a', 10, 2))).toEqual(['clicks/0', 'clicks/1'])
    expect(namesOf(await s.claim(backplane, 'a', 10, 0))).toEqual([])
  })

  test('gives a task of a source with its partition, and where it begins', async (s) => {
    const backplane = await s.worker('a')
    const partition = { id: 'shard/0', keyRange: { from: '0', to: '9' } }
    await s.found(backplane, [{ ...partition, start: 'latest:5' }, { id: 'shard/1' }])
    const claimed = await s.claim(backplane, 'a')
    const [first, second] = claimed.filter(({ lease }) => lease.task.startsWith('clicks/'))
    expect({ partition: first?.partition, start: first?.start, watermark: first?.watermark }).toEqual({
      partition,
      start: 'latest:5',
      watermark: -Infinity,
    })
    expect({ partition: second?.partition, start: second?.start }).toEqual({
      partition: { id: 'shard/1' },
      start: undefined,
    })
  })

  test('gives an expired task to another worker, and fences the one before', async (s) => {
    const a = await s.worker('a')
    const task = await s.take(a, 'a', 'counts/0')
    await s.store.advance(s.leaseMs + 1)
    const b = await s.worker('b')
    const again = await s.take(b, 'b', 'counts/0')
    expect(again.lease.epoch).toBe(task.lease.epoch + 1)
    expect(await s.write(a, task)).toBe('fenced')
    expect((await s.beat(a, 'a', { claimed: [task] })).held).toEqual([false])
  })

  test('gives expired tasks after a clock was set back, too', async (s) => {
    await s.claim(await s.worker('a'), 'a')
    await s.store.advance(-3_600_000)
    const b = await s.worker('b')
    expect(await s.claimedNames(b, 'b')).toEqual([])
    await s.store.advance(s.leaseMs + 1)
    expect(await s.claimedNames(b, 'b')).toEqual(['counts/0', 'counts/1'])
  })

  test('keeps a task for the worker it was reserved for, at once and before others', async (s) => {
    const [a, b, c] = [await s.worker('a'), await s.worker('b'), await s.worker('c')]
    const claimed = await s.claim(a, 'a')
    const last = claimed.find(({ lease }) => lease.task === 'counts/1')
    for (const { lease } of claimed) await a.release(lease, lease === last?.lease ? { reserveFor: 'b' } : {})
    expect(await s.claimedNames(b, 'b', 1)).toEqual(['counts/1'])
    expect(await s.claimedNames(c, 'c')).toEqual(['counts/0'])
  })

  test('gives a reserved task to nobody else for the lease time, then to anybody', async (s) => {
    const [a, c] = [await s.worker('a'), await s.worker('c')]
    for (const { lease } of await s.claim(a, 'a')) await a.release(lease, { reserveFor: 'b' })
    expect(await s.claimedNames(c, 'c')).toEqual([])
    expect((await s.beat(c, 'c')).free).toBe(2)
    await s.store.advance(s.leaseMs + 1)
    expect((await s.beat(c, 'c')).free).toBe(2)
    expect(await s.claimedNames(c, 'c')).toEqual(['counts/0', 'counts/1'])
  })

  test('cuts a reservation, too, after a clock was set back', async (s) => {
    const [a, c] = [await s.worker('a'), await s.worker('c')]
    for (const { lease } of await s.claim(a, 'a')) await a.release(lease, { reserveFor: 'b' })
    await s.store.advance(-3_600_000)
    expect(await s.claimedNames(c, 'c')).toEqual([])
    await s.store.advance(s.leaseMs + 1)
    expect(await s.claimedNames(c, 'c')).toEqual(['counts/0', 'counts/1'])
  })

  test('gives a released task at once, to anybody', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    for (const { lease } of await s.claim(a, 'a')) await a.release(lease)
    expect(await s.claimedNames(b, 'b')).toEqual(['counts/0', 'counts/1'])
  })

  test('ignores the release of a task that is lost', async (s) => {
    const a = await s.worker('a')
    const claimed = await s.claim(a, 'a')
    await s.store.advance(s.leaseMs + 1)
    const b = await s.worker('b')
    await s.claim(b, 'b')
    for (const { lease } of claimed) await a.release(lease, { reserveFor: 'a' })
    expect(await s.claimedNames(a, 'a')).toEqual([])
  })

  test('never gives one task to two workers that ask at the same time', async (s) => {
    const workers = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => [name, await s.worker(name)] as const))
    await s.found(await s.open(), ['0', '1', '2', '3'])
    const claims = await Promise.all(workers.map(([name, backplane]) => s.claim(backplane, name, 2)))
    const names = namesOf(claims.flat())
    expect(names).toEqual(['clicks/0', 'clicks/1', 'clicks/2', 'clicks/3', 'counts/0', 'counts/1'])
  })
}
