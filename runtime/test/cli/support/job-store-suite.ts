import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Checkpoint, type ClusterBackplane, discoveryName, type Lease } from '@millrace/core'
import { expect, test } from 'vitest'
import { exportJob } from '../../../src/cli/transfer/export-job.ts'
import { importJob } from '../../../src/cli/transfer/import-job.ts'
import type { RedisJobStore } from '../../../src/cli/transfer/redis-job-store.ts'
import { folder } from './folder.ts'

/** A Redis, or a model of one, with nothing of a job in it yet. */
interface StoredJob {
  readonly backplane: ClusterBackplane
  readonly store: RedisJobStore
  /** Lets leases of a second run out. */
  readonly expire: () => Promise<void>
}

const leaseMs = 1_000

type Open = () => Promise<StoredJob>

const shape = {
  sources: [{ name: 'clicks', sends: ['views'] }],
  exchanges: [{ name: 'views', partitions: 2, sends: [] }],
}

const record = (lease: Lease, seq: number, rest: Partial<Checkpoint> = {}): Checkpoint => ({
  task: lease.task,
  seq,
  tenure: { run: lease.run, epoch: lease.epoch, nonce: lease.nonce },
  takenAt: 5,
  topology: [],
  positions: {},
  engine: {},
  state: [],
  handles: [],
  sinks: {},
  finished: false,
  ...rest,
})

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytesOf = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Two partitions of a source, one of them read to its end, with frames of which the first was read. */
async function runJob(backplane: ClusterBackplane): Promise<void> {
  await backplane.open(shape)
  const looking = await backplane.acquire({ task: discoveryName('clicks'), owner: 'w', leaseMs })
  if (looking.type !== 'acquired') throw new Error('held')
  const partitions = [
    { id: 's0', start: '0' },
    { id: 's1', start: '3' },
    { id: 's2', parents: ['s1'] },
  ]
  await backplane.registerPartitions(looking.lease, { source: 'clicks', partitions, final: false })
  const claimed = await backplane.claim({ worker: 'w', most: 9, leaseMs })
  const lease = (task: string): Lease => claimed.find((each) => each.lease.task === task)?.lease as Lease
  const sent = { deadLetters: [], redriven: [] }
  const sends = { staged: 0, sends: ['views'], idle: false }
  await backplane.writeCheckpoint(lease('clicks/s0'), {
    ...sent,
    checkpoint: record(lease('clicks/s0'), 1, { positions: { clicks: { s0: '7' } } }),
    exchange: {
      ...sends,
      frames: ['one', 'two', 'three'].map((frame) => ({ exchange: 'views', partition: 1, bytes: bytesOf(frame) })),
      watermark: 70,
    },
  })
  const [base, hash] = [bytesOf('state'), createHash('sha256').update('state').digest('hex')]
  const blob = { id: 'b1', kind: 'delta', bytes: base.length, hash } as const
  await backplane.writeCheckpoint(lease('views/1'), {
    ...sent,
    checkpoint: record(lease('views/1'), 1, { positions: { views: { 1: '3' } }, state: [blob] }),
    delta: { blob, bytes: base },
    exchange: {
      ...sends,
      sends: [],
      frames: [],
      watermark: 70,
      consumed: { exchange: 'views', partition: 1, position: '3' },
    },
  })
  for (const each of [...claimed.map((claim) => claim.lease), looking.lease]) await backplane.release(each)
  await backplane.leave('w')
}

async function exported(open: Open): Promise<string> {
  const { backplane, store } = await open()
  await runJob(backplane)
  const path = join(folder(), 'views.export')
  expect(await exportJob(store, path, 0)).toMatchObject({ tasks: 5, stateBytes: 5, waitingBytes: 8 })
  return path
}

/** What must hold of a job that is taken out of a Redis and put back. `open` gives a job without anything, another one each time. */
export function jobStoreSuite(open: Open): void {
  test('an import has all that the job had: positions, state, and what waits in exchanges', async () => {
    const path = await exported(open)
    const { backplane, store } = await open()
    expect(await importJob(store, path, undefined, false)).toMatchObject({ tasks: 5, stateBytes: 5, waitingBytes: 8 })
    await store[Symbol.asyncDispose]()

    await backplane.open(shape)
    const claimed = await backplane.claim({ worker: 'x', most: 9, leaseMs })
    expect(claimed.map(({ lease }) => lease.task).toSorted()).toEqual(['clicks/s0', 'clicks/s1', 'views/0', 'views/1'])
    expect(claimed.find(({ lease }) => lease.task === 'clicks/s1')).toMatchObject({
      start: '3',
      partition: { id: 's1' },
    })
    expect(await backplane.readCheckpoint('clicks/s0')).toMatchObject({ seq: 1, positions: { clicks: { s0: '7' } } })
    const checkpoint = await backplane.readCheckpoint('views/1')
    const [blob] = checkpoint?.state ?? []
    expect(blob && text(await backplane.readState(blob, 'views/1'))).toBe('state')
    const [found] = await backplane.readExchanges([{ exchange: 'views', partition: 1, after: '3' }], 1_000)
    expect(found?.entries.map(({ position, bytes }) => [position, text(bytes)])).toEqual([
      ['6', 'two'],
      ['11', 'three'],
    ])
  })

  test('event time goes on from where it was', async () => {
    const path = await exported(open)
    const { backplane, store } = await open()
    await importJob(store, path, undefined, false)
    const { tasks, exchanges } = await backplane.status()
    expect(tasks.find(({ task }) => task === 'clicks/s0')).toMatchObject({ watermark: 70 })
    // s1 has not been read
    expect(exchanges).toMatchObject([{ exchange: 'views', watermark: -Infinity, depths: [0, 8] }])
  })

  test('a partition goes on waiting for its parent', async () => {
    const path = await exported(open)
    const { backplane, store } = await open()
    await importJob(store, path, undefined, false)
    expect((await backplane.status()).tasks.find(({ task }) => task === 'clicks/s2')).toMatchObject({
      state: 'waiting',
    })
  })

  test('goes into another job, and over another one only when forced to', async () => {
    const path = await exported(open)
    const other = await open()
    await importJob(other.store, path, 'other', false)
    await expect(importJob(other.store, path, 'other', false)).rejects.toThrow(/^--force: .* has 5 tasks of job /)
    const before = (await other.backplane.status()).run
    await importJob(other.store, path, 'other', true)
    expect((await other.backplane.status()).run).not.toBe(before)
    expect(await other.backplane.depths(['views'])).toEqual({ views: [0, 8] })
  })

  test('is refused while somebody runs the job, or may still', async () => {
    const path = await exported(open)
    const { backplane, store, expire } = await open()
    await backplane.open(shape)
    const load = { tasks: 0, recordsPerSecond: 0, backlog: 0 }
    await backplane.heartbeat({ worker: 'w1', leases: [], leaseMs, load, isDraining: false })
    await expect(importJob(store, path, undefined, true)).rejects.toThrow('import: w1 runs the job')
    await expect(exportJob(store, join(folder(), 'x'), 0)).rejects.toThrow('export: w1 runs the job')
    await expire()
    await backplane.claim({ worker: 'w2', most: 1, leaseMs })
    await expect(importJob(store, path, undefined, true)).rejects.toThrow('import: w2 runs the job')
    await expire()
    await importJob(store, path, undefined, true)
  })

  test('a task that worked under a lease from before the import is fenced', async () => {
    const path = await exported(open)
    const { backplane, store, expire } = await open()
    await backplane.open(shape)
    const [claimed] = await backplane.claim({ worker: 'w1', most: 1, leaseMs })
    await expire()
    await importJob(store, path, undefined, true)
    const lease = claimed?.lease as Lease
    const write = { checkpoint: record(lease, 1), deadLetters: [], redriven: [] }
    expect(await backplane.writeCheckpoint(lease, write)).toBe('fenced')
  })

  test('nothing to export is said', async () => {
    await expect(exportJob((await open()).store, join(folder(), 'x'), 0)).rejects.toThrow('holds nothing to export')
  })
}
