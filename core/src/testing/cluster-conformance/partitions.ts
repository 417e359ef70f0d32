import { type ClusterPart, namesOf } from './cluster-scenario.ts'

/** Partitions of sources: found, waiting for their parents, ended. */
export const partitionConformance: ClusterPart = (test, expect) => {
  const sourceTasks = (names: readonly string[]): string[] => names.filter((name) => name.startsWith('clicks/'))

  test('knows no partitions before the first list, and then all of them, ended ones included', async (s) => {
    const a = await s.worker('a')
    expect(await a.knownPartitions('clicks')).toBe(undefined)
    await s.found(a, [])
    expect(await a.knownPartitions('clicks')).toEqual([])
    await s.found(a, ['0', '1'])
    await s.write(a, await s.take(a, 'a', 'clicks/0'), { ended: [] })
    await s.found(a, ['1'])
    expect([...((await a.knownPartitions('clicks')) ?? [])].toSorted()).toEqual(['0', '1'])
  })

  test('takes a list from whoever holds the lease for that, from nobody else', async (s) => {
    const [a, b] = [await s.worker('a'), await s.worker('b')]
    const lease = await s.discoveryLease(a, 'clicks', 'a')
    const request = { task: lease.task, owner: 'b', leaseMs: s.leaseMs }
    expect((await b.acquire(request)).type).toBe('held')
    await s.store.advance(s.leaseMs + 1)
    expect((await b.acquire(request)).type).toBe('acquired')
    const list = { source: 'clicks', partitions: [{ id: '0' }], final: true }
    expect(await a.registerPartitions(lease, list)).toBe('fenced')
    expect(await a.knownPartitions('clicks')).toBe(undefined)
  })

  test('changes nothing of a partition that is known', async (s) => {
    const a = await s.worker('a')
    await s.found(a, [{ id: '0', start: 'first' }])
    await s.found(await s.open(), [{ id: '0', start: 'second' }])
    const task = await s.take(a, 'a', 'clicks/0')
    expect(task.start).toBe('first')
    await s.found(a, ['0'])
    await s.found(await s.open(), ['0'])
    expect(await s.write(a, task)).toBe('written')
  })

  test('starts a child after its parent, whether discovery or its parent named it first', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0', { id: '1', parents: ['0'] }])
    const claimed = await s.claim(a, 'a')
    expect(sourceTasks(namesOf(claimed))).toEqual(['clicks/0'])
    const parent = claimed.find(({ lease }) => lease.task === 'clicks/0')
    const children = [
      { id: '1', parents: ['0'], start: 'from 1' },
      { id: '2', parents: ['0'], start: 'from 2' },
    ]
    if (parent) await s.write(a, parent, { ended: children, watermark: 40 })
    const next = await s.claim(a, 'a')
    expect(next.map(({ lease, start, watermark }) => [lease.task, start, watermark])).toEqual([
      ['clicks/1', undefined, 40],
      ['clicks/2', 'from 2', 40],
    ])
  })

  test('starts a merged partition after all of its parents, at the least of their watermarks', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0', '1'])
    const claimed = await s.claim(a, 'a')
    const [left, right] = claimed.filter(({ lease }) => lease.task.startsWith('clicks/'))
    if (!left || !right) throw new Error('there are two partitions')
    const child = { id: '2', parents: ['0', '1'] }
    await s.write(a, left, { ended: [child], watermark: 50 })
    expect(await s.claimedNames(a, 'a')).toEqual([])
    await s.write(a, right, { ended: [child], watermark: 30 })
    const [merged] = await s.claim(a, 'a')
    expect([merged?.lease.task, merged?.watermark]).toEqual(['clicks/2', 30])
  })

  test('does not wait for a parent that is neither known nor listed', async (s) => {
    const a = await s.worker('a')
    await s.found(a, [{ id: '1', parents: ['gone'] }])
    expect(sourceTasks(await s.claimedNames(a, 'a'))).toEqual(['clicks/1'])
  })

  test('waits for a parent that is listed with it', async (s) => {
    const a = await s.worker('a')
    await s.found(a, [{ id: '1', parents: ['0', 'gone'] }, '0'])
    const parent = await s.take(a, 'a', 'clicks/0')
    await s.write(a, parent, { ended: [] })
    expect(sourceTasks(await s.claimedNames(a, 'a'))).toEqual(['clicks/1'])
  })

  test('waits for a parent that nobody knows yet until a list says that it is gone', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const parent = await s.take(a, 'a', 'clicks/0')
    await s.write(a, parent, { ended: [{ id: '2', parents: ['0', '1'] }], watermark: 20 })
    expect(sourceTasks(await s.claimedNames(a, 'a'))).toEqual([])
    await s.found(a, [{ id: '2', parents: ['0', '1'] }])
    const [child] = await s.claim(a, 'a')
    expect([child?.lease.task, child?.watermark]).toEqual(['clicks/2', 20])
  })

  test('waits for a parent that a list brings after its child', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    await s.write(a, await s.take(a, 'a', 'clicks/0'), { ended: [{ id: '2', parents: ['0', '1'] }], watermark: 20 })
    await s.found(a, ['1', { id: '2', parents: ['0', '1'] }])
    const late = await s.take(a, 'a', 'clicks/1')
    await s.write(a, late, { ended: [], watermark: 10 })
    const child = await s.take(a, 'a', 'clicks/2')
    expect(child.watermark).toBe(10)
  })

  test('starts a partition at once whose parents have all ended before it was found', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    await s.write(a, await s.take(a, 'a', 'clicks/0'), { ended: [], watermark: 15 })
    await s.found(a, [{ id: '1', parents: ['0'] }])
    expect((await s.take(a, 'a', 'clicks/1')).watermark).toBe(15)
  })

  test('never gives out a task that has ended', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const task = await s.take(a, 'a', 'clicks/0')
    await s.write(a, task, { ended: [] })
    await a.release(task.lease)
    await s.store.advance(s.leaseMs + 1)
    expect(sourceTasks(await s.claimedNames(a, 'a'))).toEqual([])
    expect((await s.beat(a, 'a')).tasks).toBe(2)
  })

  test('registers a list that is too long for one request', async (s) => {
    const a = await s.worker('a')
    const long = 'x'.repeat(300)
    const partitions = Array.from({ length: 3_000 }, (_, n) => ({
      id: `${long}${n}`,
      ...(n % 2 === 1 && { parents: [`${long}${n - 1}`] }),
    }))
    await s.found(a, partitions)
    const { tasks } = await s.beat(a, 'a')
    expect(tasks).toBe(1_502)
    expect((await a.knownPartitions('clicks'))?.length).toBe(3_000)
  })
}
