import { planImport } from '@millrace/kinesis/kcl'
import { expect, test } from 'vitest'

const created = 1_700_000_000_123
const id = (shard: number): string => `clicks/${created}/shardId-${String(shard).padStart(12, '0')}`
const shard = (n: number, ...parents: number[]) => ({ id: id(n), parents: parents.map(id) })
const lease = (n: number, checkpoint: string, subSequenceNumber = 0) => ({
  shardId: id(n).split('/')[2] ?? '',
  checkpoint,
  subSequenceNumber,
})
type Leases = Parameters<typeof planImport>[0]
type Shards = Parameters<typeof planImport>[1]
const plan = (leases: Leases, shards: Shards, timestamp?: number) => planImport(leases, shards, { now: 5, timestamp })
const starts = (...of: Parameters<typeof plan>) => plan(...of).shards.map(({ start }) => start ?? 'ended')

test('begins behind what was processed', () => {
  const leases = [lease(0, '495', 3), lease(1, 'TRIM_HORIZON'), lease(2, 'LATEST'), lease(3, 'SHARD_END')]
  const shards = [shard(0), shard(1), shard(2), shard(3)]
  expect(starts(leases, shards)).toEqual(['495.3', 'TRIM_HORIZON', 'AT_TIMESTAMP:5', 'ended'])
  expect(starts([lease(0, 'AT_TIMESTAMP')], [shard(0)], 7)).toEqual(['AT_TIMESTAMP:7'])
})

test('does not read a shard again whose lease was deleted as its children are read', () => {
  const { shards, problems } = plan([lease(1, '495'), lease(2, '496')], [shard(0), shard(1, 0), shard(2, 0)])
  expect(shards.map(({ start }) => start)).toEqual([undefined, '495.0', '496.0'])
  expect([...shards.map(({ problem }) => problem), ...problems]).toEqual([undefined, undefined, undefined])
})

test('nor those before it, over generations and merges', () => {
  // 0 and 1 were merged to 6, 2 and 3 to 7; 6 and 7 are to be merged to 8
  const shards = [shard(0), shard(1), shard(2), shard(3), shard(4), shard(6, 0, 1), shard(7, 2, 3), shard(8, 6, 7)]
  const ended = ['ended', 'ended', 'ended', 'ended']
  expect(starts([lease(4, '1'), lease(8, '2')], shards)).toEqual([...ended, '1.0', 'ended', 'ended', '2.0'])
  // nothing behind 6 has a lease: it was never begun
  expect(starts([lease(4, '1'), lease(7, '2')], shards)).toEqual([
    'TRIM_HORIZON',
    'TRIM_HORIZON',
    'ended',
    'ended',
    '1.0',
    'TRIM_HORIZON',
    '2.0',
    'TRIM_HORIZON',
  ])
})

test('refuses leases that may be of either of two streams', () => {
  const other = { id: id(0).replace('clicks', 'views'), parents: [] }
  expect(() => plan([lease(0, 'SHARD_END')], [shard(0), other])).toThrow(
    /the leases name no stream.*reads clicks and views: import into a source of one stream/,
  )
})

test('says what looks wrong', () => {
  const { shards, problems } = plan(
    [lease(0, '495'), lease(1, '496'), lease(9, 'LATEST')],
    [shard(0), shard(1, 0), shard(2)],
  )
  expect(shards.map(({ problem }) => problem)).toEqual([
    undefined,
    'it was begun before shardId-000000000000 had ended',
    'it has no lease: it is read from its oldest record',
  ])
  expect(problems).toEqual(['shardId-000000000009 has a lease, and is no shard of the stream any more'])
})

test('takes of a table of several streams what is of its own', () => {
  const of = (name: string, createdAt: number) => ({ stream: { name, createdAt } })
  const leases = [
    { ...lease(0, '9'), ...of('other', 1_600_000_000) },
    { ...lease(0, '8'), ...of('clicks', 1_500_000_000) },
    { ...lease(0, '495'), ...of('clicks', 1_700_000_000) },
  ]
  const { shards, problems } = plan(leases, [shard(0)])
  expect(shards.map(({ start }) => start)).toEqual(['495.0'])
  // of the stream that had the name before
  expect(problems).toHaveLength(1)
})

test('refuses leases of which none fits, and names streams where there are several', () => {
  const of = (name: string) => ({ stream: { name, createdAt: 1_700_000_000 } })
  expect(() => plan([lease(7, '495')], [shard(0)])).toThrow(/none of the leases is of a shard of clicks, as it is now/)
  const other = { id: id(0).replace('clicks', 'views'), parents: [] }
  const leases = [lease(0, '495'), lease(9, '1')].map((each) => ({ ...each, ...of('clicks') }))
  const { shards, problems } = plan(leases, [shard(0), other])
  expect(shards.map(({ shardId }) => shardId)).toEqual(['clicks/shardId-000000000000', 'views/shardId-000000000000'])
  expect(problems).toEqual(['clicks/shardId-000000000009 has a lease, and is no shard of the stream any more'])
})
