import type { ClaimedTask, ClusterBackplane } from '../../connector/cluster.ts'
import { type ClusterPart, type ClusterScenario, longShape, namesOf, shape, textsOf } from './cluster-scenario.ts'

/** The end of a bounded job, and its next start. */
export const finishingConformance: ClusterPart = (test, expect) => {
  /** A job whose one partition was read to its end, and all stages behind. */
  const finish = async (s: ClusterScenario, job = shape): Promise<ClusterBackplane> => {
    const a = await s.worker('a', job)
    await s.found(a, ['0'], { final: true })
    const claimed = await s.claim(a, 'a')
    for (const name of ['clicks', 'counts', 'totals'])
      for (const task of claimed.filter(({ lease }) => lease.task.startsWith(name))) {
        await s.write(a, task, {
          ended: [],
          watermark: 10,
          ...(name === 'counts' && job === longShape && { sends: ['totals'] }),
        })
        await a.release(task.lease)
      }
    return a
  }

  const byStage = (claimed: readonly ClaimedTask[], stage: string): ClaimedTask[] =>
    claimed.filter(({ lease }) => lease.task.startsWith(`${stage}/`))

  test('has not finished before the sources are final and every task is done', async (s) => {
    const a = await s.worker('a')
    expect((await s.beat(a, 'a')).finished).toBe(false)
    await s.found(a, ['0'])
    const claimed = await s.claim(a, 'a')
    for (const task of byStage(claimed, 'clicks')) await s.write(a, task, { ended: [] })
    await s.found(a, ['0'], { final: true })
    const [left, right] = byStage(claimed, 'counts')
    if (left) await s.write(a, left, { ended: [] })
    expect((await s.beat(a, 'a')).finished).toBe(false)
    if (right) await s.write(a, right, { ended: [] })
    expect((await s.beat(a, 'a')).finished).toBe(true)
    expect((await a.status()).finished).toBe(true)
  })

  test('is looked at again when it is opened again: nothing new, and it has finished', async (s) => {
    await finish(s)
    const b = await s.worker('b')
    expect((await s.beat(b, 'b')).finished).toBe(false)
    await s.found(b, ['0'], { final: true })
    expect((await s.beat(b, 'b')).finished).toBe(true)
  })

  test('goes on with all stages when there is a new partition, where event time had come to', async (s) => {
    await finish(s, longShape)
    const b = await s.worker('b', longShape)
    await s.found(b, ['0', '1'], { final: true })
    const claimed = await s.claim(b, 'b')
    expect(namesOf(claimed)).toEqual(['clicks/1', 'counts/0', 'counts/1', 'totals/0'])
    expect([await s.watermark(b, 'counts'), await s.watermark(b, 'totals')]).toEqual([-Infinity, -Infinity])
  })

  test('goes back with event time for nobody: a new partition begins where others had come to', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'], { final: true })
    const claimed = await s.claim(a, 'a')
    for (const task of byStage(claimed, 'clicks')) {
      await s.write(a, task, { watermark: 50 })
      await s.write(a, task, { watermark: 60, ended: [] })
    }
    for (const task of byStage(claimed, 'counts')) await s.write(a, task, { ended: [] })
    const b = await s.worker('b')
    expect(await s.watermark(b)).toBe(50)
    await s.found(b, ['0', '1'], { final: true })
    const [fresh] = byStage(await s.claim(b, 'b'), 'clicks')
    expect([fresh?.lease.task, fresh?.watermark, await s.watermark(b)]).toEqual(['clicks/1', 50, 50])
  })

  test('lets a task go on that read the end of its exchange just before something new came', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'], { final: true })
    const claimed = await s.claim(a, 'a')
    const [counts] = byStage(claimed, 'counts')
    if (!counts) throw new Error('there is an exchange')
    for (const task of byStage(claimed, 'clicks')) await s.write(a, task, { ended: [], watermark: 5 })
    expect(await s.watermark(a)).toBe(Infinity)
    await s.found(a, ['0', '1'], { final: true })
    const fresh = await s.take(a, 'a', 'clicks/1')
    expect(await s.write(a, counts, { ended: [] })).toBe('written')
    expect((await s.beat(a, 'a')).finished).toBe(false)
    await a.release(counts.lease)
    const again = await s.take(a, 'a', 'counts/0')
    await s.write(a, fresh, { frames: [['counts', 0, 'more']] })
    expect(textsOf(await s.read(a, 'counts', 0))).toEqual(['more'])
    expect(await s.write(a, again)).toBe('written')
  })
}
