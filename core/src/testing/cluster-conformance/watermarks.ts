import type { ClaimedTask, ClusterBackplane } from '../../connector/cluster.ts'
import { type ClusterPart, type ClusterScenario, longShape } from './cluster-scenario.ts'

/** Event time of an exchange: the least of all that send to it. */
export const watermarkConformance: ClusterPart = (test, expect) => {
  /** Two partitions of the source, both held. */
  const producers = async (
    s: ClusterScenario,
    { final = true } = {},
  ): Promise<[ClusterBackplane, ClaimedTask, ClaimedTask]> => {
    const a = await s.worker('a')
    await s.found(a, ['0', '1'], { final })
    const [first, second] = (await s.claim(a, 'a')).filter(({ lease }) => lease.task.startsWith('clicks/'))
    if (!first || !second) throw new Error('there are two partitions')
    return [a, first, second]
  }

  test('is −Infinity as long as nobody has looked for partitions', async (s) => {
    expect(await s.watermark(await s.worker('a'))).toBe(-Infinity)
  })

  test('is −Infinity as long as a partition has written nothing', async (s) => {
    const [a, first] = await producers(s)
    await s.write(a, first, { watermark: 10 })
    expect(await s.watermark(a)).toBe(-Infinity)
  })

  test('is the least of all producers', async (s) => {
    const [a, first, second] = await producers(s)
    await s.write(a, first, { watermark: 10.5 })
    await s.write(a, second, { watermark: 20 })
    expect(await s.watermark(a)).toBe(10.5)
    await s.write(a, first, { watermark: 1_700_000_000_123 })
    expect(await s.watermark(a)).toBe(20)
  })

  test('leaves out those that are idle, and is undefined when all are', async (s) => {
    const [a, first, second] = await producers(s)
    await s.write(a, first, { watermark: 10, idle: true })
    await s.write(a, second, { watermark: 20 })
    expect(await s.watermark(a)).toBe(20)
    await s.write(a, second, { watermark: 20, idle: true })
    expect(await s.watermark(a)).toBe(undefined)
    await s.write(a, first, { watermark: 30 })
    expect(await s.watermark(a)).toBe(30)
  })

  test('leaves out those that have ended, and is Infinity when all have', async (s) => {
    const [a, first, second] = await producers(s)
    await s.write(a, first, { ended: [], watermark: 10 })
    await s.write(a, second, { watermark: 20 })
    expect(await s.watermark(a)).toBe(20)
    await s.write(a, second, { ended: [], watermark: 20 })
    expect(await s.watermark(a)).toBe(Infinity)
  })

  test('is not Infinity as long as more partitions may be found, or a child waits', async (s) => {
    const [a, first, second] = await producers(s, { final: false })
    await s.write(a, first, { ended: [], watermark: 10 })
    await s.write(a, second, { ended: [{ id: '2', parents: ['1'] }], watermark: 20 })
    expect(await s.watermark(a)).toBe(20)
    await s.write(a, await s.take(a, 'a', 'clicks/2'), { ended: [], watermark: 25 })
    expect(await s.watermark(a)).toBe(undefined)
    await s.found(a, ['0', '1', '2'], { final: true })
    expect(await s.watermark(a)).toBe(Infinity)
  })

  test('cannot pass the children of a partition that ends, nor the child of a merge', async (s) => {
    const [a, first, second] = await producers(s)
    await s.write(a, first, { watermark: 10 })
    await s.write(a, second, { watermark: 20 })
    await s.write(a, first, { ended: [{ id: '2', parents: ['0', '1'] }], watermark: 15 })
    expect(await s.watermark(a)).toBe(15)
    await s.write(a, second, { ended: [{ id: '2', parents: ['0', '1'] }], watermark: 30 })
    expect(await s.watermark(a)).toBe(15)
    const merged = await s.take(a, 'a', 'clicks/2')
    await s.write(a, merged, { watermark: 40 })
    expect(await s.watermark(a)).toBe(40)
  })

  test('is where a partition begins that nothing comes before, so that it cannot go back', async (s) => {
    const [a, first, second] = await producers(s, { final: false })
    await s.write(a, first, { watermark: 10 })
    await s.write(a, second, { watermark: 20 })
    await s.found(a, ['0', '1', '2'])
    expect(await s.watermark(a)).toBe(10)
    expect((await s.take(a, 'a', 'clicks/2')).watermark).toBe(10)
  })

  test('is where such a partition begins after all others have ended or are idle, too', async (s) => {
    const [a, first, second] = await producers(s, { final: false })
    await s.write(a, first, { watermark: 10 })
    await s.write(a, second, { watermark: 20 })
    await s.write(a, first, { ended: [], watermark: 12 })
    await s.write(a, second, { watermark: 25, idle: true })
    await s.found(a, ['0', '1', '2'])
    expect((await s.take(a, 'a', 'clicks/2')).watermark).toBe(20)
  })

  test('of a second exchange waits for the tasks of the first', async (s) => {
    const a = await s.worker('a', longShape)
    await s.found(a, ['0'], { final: true })
    const claimed = await s.claim(a, 'a')
    const [source, left, right] = claimed.filter(({ lease }) => !lease.task.startsWith('totals/')).toSorted(byName)
    if (!source || !left || !right) throw new Error('there are three of them')
    await s.write(a, source, { watermark: 10, ended: [] })
    expect([await s.watermark(a, 'counts'), await s.watermark(a, 'totals')]).toEqual([Infinity, -Infinity])
    await s.write(a, left, { sends: ['totals'], watermark: 8, ended: [] })
    expect(await s.watermark(a, 'totals')).toBe(-Infinity)
    await s.write(a, right, { sends: ['totals'], watermark: 9 })
    expect(await s.watermark(a, 'totals')).toBe(9)
    await s.write(a, right, { sends: ['totals'], ended: [] })
    expect(await s.watermark(a, 'totals')).toBe(Infinity)
  })

  const byName = (a: ClaimedTask, b: ClaimedTask): number => (a.lease.task < b.lease.task ? -1 : 1)
}
