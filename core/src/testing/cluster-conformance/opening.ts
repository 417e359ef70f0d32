import { type ClusterPart, longShape, shape } from './cluster-scenario.ts'

/** Opening a job: registered once, extended later. */
export const openingConformance: ClusterPart = (test, expect) => {
  test('gives all workers the same run and the same numbers of partitions', async (s) => {
    const first = await (await s.store.connect()).open(shape)
    const second = await (await s.store.connect()).open(shape)
    expect(first.partitions).toEqual({ counts: 2 })
    expect(second).toEqual(first)
    expect(first.run.length).toBeGreaterThan(0)
  })

  test('keeps the number of partitions that the run began with', async (s) => {
    await s.open()
    const other = { ...shape, exchanges: [{ name: 'counts', partitions: 5, sends: [] }] }
    expect((await (await s.store.connect()).open(other)).partitions).toEqual({ counts: 2 })
  })

  test('adds exchanges that are new, with their tasks', async (s) => {
    const backplane = await s.worker('a')
    expect((await backplane.open(longShape)).partitions).toEqual({ counts: 2, totals: 1 })
    expect(await s.claimedNames(backplane, 'a')).toEqual(['counts/0', 'counts/1', 'totals/0'])
  })

  test('counts the present watermarks of those that send to an exchange that is new', async (s) => {
    const backplane = await s.worker('a')
    await s.found(backplane, ['0'], { final: true })
    const [task] = (await s.claim(backplane, 'a')).filter(({ lease }) => lease.task === 'clicks/0')
    if (task) await s.write(backplane, task, { watermark: 7 })
    const sends = ['counts', 'others']
    const more = [...shape.exchanges, { name: 'others', partitions: 1, sends: [] }]
    await backplane.open({ sources: [{ name: 'clicks', sends }], exchanges: more })
    expect(await s.watermark(backplane, 'others')).toBe(7)
  })

  test('no longer waits for those that have stopped sending to an exchange', async (s) => {
    const job = { ...shape, sources: [...shape.sources, { name: 'views', sends: ['counts'] }] }
    const backplane = await s.worker('a', job)
    await s.found(backplane, ['0'], { final: true })
    await s.found(backplane, ['0'], { final: true, source: 'views' })
    const clicks = (await s.claim(backplane, 'a')).find(({ lease }) => lease.task === 'clicks/0')
    if (clicks) await s.write(backplane, clicks, { watermark: 7 })
    expect(await s.watermark(backplane)).toBe(-Infinity)
    await backplane.open({ ...shape, sources: [...shape.sources, { name: 'views', sends: [] }] })
    expect(await s.watermark(backplane)).toBe(7)
  })

  test('takes stages out that the topology no longer has', async (s) => {
    const job = { ...shape, sources: [...shape.sources, { name: 'views', sends: ['counts'] }] }
    const backplane = await s.worker('a', job)
    await s.found(backplane, ['0'], { final: true })
    await s.found(backplane, ['0'], { final: true, source: 'views' })
    expect([...(await backplane.open(shape)).sources].toSorted()).toEqual(['clicks', 'views'])
    await backplane.retire(['views'])
    expect((await backplane.open(shape)).sources).toEqual(['clicks'])
    const claimed = await s.claim(backplane, 'a')
    expect(claimed.map(({ lease }) => lease.task).toSorted()).toEqual(['clicks/0', 'counts/0', 'counts/1'])
    for (const task of claimed) if (task.lease.task === 'clicks/0') await s.write(backplane, task, { watermark: 7 })
    expect(await s.watermark(backplane)).toBe(7)
  })
}
