import type { ClusterBackplane } from '../../connector/cluster.ts'
import { checkpointOf, type ClusterPart, type ClusterScenario, encode, shape, textsOf } from './cluster-scenario.ts'

type Request = () => Promise<unknown>

/** Every request once more, arbitrarily late, as a network may deliver it. */
export const lateRequestConformance: ClusterPart = (test, expect) => {
  test('is changed by no request that is delivered again later', async (s) => {
    const { requests, backplane } = await history(s)
    const before = await everything(backplane)
    for (const request of requests) await request().catch(() => undefined)
    expect(await everything(backplane)).toEqual(before)
    for (const request of requests.toReversed()) await request().catch(() => undefined)
    expect(await everything(backplane)).toEqual(before)
  })

  test('writes what goes with a checkpoint once, however often it is asked to', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const { lease } = await s.take(a, 'a', 'clicks/0')
    const write = checkpointOf(lease, 1, { frames: [['counts', 0, 'once']], watermark: 5 })
    expect(await a.writeCheckpoint(lease, write)).toBe('written')
    const next = checkpointOf(lease, 2, { watermark: 6 })
    expect(await a.writeCheckpoint(lease, next)).toBe('written')
    expect(await a.writeCheckpoint(lease, write)).toBe('already')
    expect(textsOf(await s.read(a, 'counts'))).toEqual(['once'])
    expect(await s.watermark(a)).toBe(6)
  })

  test('ends a partition once', async (s) => {
    const a = await s.worker('a')
    await s.found(a, ['0'])
    const { lease } = await s.take(a, 'a', 'clicks/0')
    const write = checkpointOf(lease, 1, { ended: [{ id: '1', parents: ['0'] }], watermark: 5 })
    expect(await a.writeCheckpoint(lease, write)).toBe('written')
    const child = await s.take(a, 'a', 'clicks/1')
    await s.write(a, child, { watermark: 9 })
    expect(await a.writeCheckpoint(lease, write)).toBe('already')
    expect(await s.watermark(a)).toBe(9)
    expect(await s.claimedNames(a, 'a')).toEqual(['counts/0', 'counts/1'])
  })
}

/** Two workers, one after the other, with all the requests that the first made. */
async function history(s: ClusterScenario): Promise<{ requests: Request[]; backplane: ClusterBackplane }> {
  const requests: Request[] = []
  const send = async <T>(request: () => Promise<T>): Promise<T> => {
    requests.push(request)
    return request()
  }
  const a = await s.open()
  await send(() => a.open(shape))
  await s.beat(a, 'a')
  const discovery = await s.discoveryLease(a, 'clicks', 'a')
  const list = { source: 'clicks', partitions: [{ id: '0' }, { id: '1', parents: ['0'] }], final: false }
  await send(() => a.registerPartitions(discovery, list))
  const claimed = await s.claim(a, 'a')
  const source = claimed.find(({ lease }) => lease.task === 'clicks/0')
  const reader = claimed.find(({ lease }) => lease.task === 'counts/0')
  if (!source || !reader) throw new Error('there are both')
  const frames = [{ exchange: 'counts', partition: 0, bytes: encode('staged') }]
  await send(() => a.stageFrames(source.lease, { seq: 1, piece: 0, frames }))
  const first = checkpointOf(source.lease, 1, { staged: 1, frames: [['counts', 0, 'one']], watermark: 5 })
  await send(() => a.writeCheckpoint(source.lease, first))
  const [entry] = (await s.read(a, 'counts')).entries
  const consumed = { exchange: 'counts', partition: 0, position: entry?.position ?? '0' }
  await send(() => a.writeCheckpoint(reader.lease, checkpointOf(reader.lease, 1, { consumed })))
  await send(() => a.writeCheckpoint(source.lease, checkpointOf(source.lease, 2, { ended: [], watermark: 8 })))
  await send(() => a.renew([reader.lease], s.leaseMs))
  for (const { lease } of claimed) await send(() => a.release(lease, { reserveFor: 'b' }))
  await send(() => a.release(discovery))
  const b = await s.open()
  await s.beat(b, 'b')
  const [next] = (await s.claim(b, 'b')).filter(({ lease }) => lease.task === 'clicks/1')
  if (next)
    await b.writeCheckpoint(next.lease, checkpointOf(next.lease, 1, { frames: [['counts', 0, 'two']], watermark: 20 }))
  return { requests, backplane: b }
}

/** All that can be read of the store. */
async function everything(backplane: ClusterBackplane): Promise<unknown> {
  const { tasks, exchanges, run } = await backplane.status()
  const [read] = await backplane.readExchanges([{ exchange: 'counts', partition: 0, after: '0' }], 1_000_000)
  return {
    run,
    tasks: tasks.map((task) => ({ ...task, expiresInMs: 0 })),
    exchanges,
    read,
    known: await backplane.knownPartitions('clicks'),
  }
}
