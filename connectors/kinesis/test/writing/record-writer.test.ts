import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { expect, test, vi } from 'vitest'
import { createWriteClient } from '../../src/client/create-client.ts'
import { resolveWriteOptions } from '../../src/sink-options.ts'
import { recordKeyOf } from '../../src/writing/record-key.ts'
import { type AddOptions, RecordWriter } from '../../src/writing/record-writer.ts'

interface Given extends AddOptions {
  readonly partitionKey?: string
  readonly bytes?: number
  readonly addedAt?: number
}

function add(writer: RecordWriter, { partitionKey = 'k', bytes = 1, addedAt, ...options }: Given = {}): void {
  const data = { slab: Buffer.alloc(bytes), start: 0, end: bytes }
  writer.add(recordKeyOf(partitionKey, undefined), data, options, performance.now(), addedAt)
}

async function writerOf(server: KinesisStandIn, ttlMs = Infinity, more: { readonly onExpired?: () => void } = {}) {
  const { writer: options } = resolveWriteOptions(
    { stream: 's', linger: 0, maxInFlight: 1, maxRecords: 1, order: 'key' },
    'test',
  )
  const client = createWriteClient(server.clientOptions, 1)
  const writer = new RecordWriter({ ...options, ...more, client, ttlMs })
  await writer.open()
  return { writer, destroy: () => client.destroy() }
}

test('puts nothing any more once it is closed, whatever comes back, and says so to those who wait', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const { writer, destroy } = await writerOf(server)
  const slow = server.faults.inject({ operation: 'PutRecords', kind: { type: 'slow', ms: 100 } })
  const throttle = server.faults.inject({
    operation: 'PutRecords',
    kind: { type: 'partial', code: 'ProvisionedThroughputExceededException', of: 1 },
  })
  add(writer)
  const flushed = writer.flush()
  await vi.waitUntil(() => throttle.hits === 1)
  writer.close()
  await expect(flushed).rejects.toThrow(/stream s was closed before all was put/)
  // a back-off is 100 ms at first
  const outcomes = (): number => server.calls.filter(({ operation }) => operation === 'PutRecords').length
  await vi.waitUntil(() => outcomes() === 1)
  slow.remove()
  await expect(vi.waitUntil(() => throttle.hits > 1, { timeout: 400 })).rejects.toThrow()
  expect(writer.stats()).toMatchObject({ bufferedRecords: 0, bufferedBytes: 0 })
  destroy()
})

test('a time to live that no timer has is waited for', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const warnings: string[] = []
  const note = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', note)
  const { writer, destroy } = await writerOf(server, 60 * 24 * 3_600_000)
  server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 50 } })
  // the second has nothing but its time to wait for while the first is on its way
  add(writer)
  add(writer)
  await writer.flush()
  process.off('warning', note)
  expect(warnings).toEqual([])
  writer.close()
  destroy()
})

test('a first record that the stream refuses is given up, too, where the stream is known', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const { writer, destroy } = await writerOf(server)
  const errors: Error[] = []
  add(writer, { bytes: 1_500_000, failed: (error) => errors.push(error) })
  add(writer)
  await writer.flush()
  expect(errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/is larger than the 1048576 of stream s/),
  ])
  expect(writer.stats().records).toBe(1)
  writer.close()
  destroy()
})

test.each([
  ['and those behind it fail', { type: 'error', code: 'InternalFailure' }, ['k', 1_950], ['k', 0]],
  // which comes back when the other one has failed
  ['fails with one that is on its way', { type: 'slow', ms: 300 }, ['k', 0], ['other', 1_950]],
] as const)('one whose time is over %s together', async (_, kind, first, second) => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const seen: string[] = []
  const { writer, destroy } = await writerOf(server, 2_000, { onExpired: () => seen.push('expired') })
  server.faults.inject({ operation: 'PutRecords', times: 1, kind })
  server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'partial', code: 'InternalFailure', of: 1 } })
  const addNamed = (name: string, [partitionKey, agoMs]: readonly [string, number]): void =>
    add(writer, {
      partitionKey,
      addedAt: performance.now() - agoMs,
      done: () => seen.push(`${name} put`),
      failed: ({ name: error }) => seen.push(`${name} ${error}`),
    })
  addNamed('first', first)
  addNamed('second', second)
  await writer.flush()
  expect(seen.filter((each) => each !== 'expired').toSorted()).toEqual(['first ExpiredError', 'second ExpiredError'])
  expect(seen[0]).toBe('expired')
  expect(server.stream('s').records('shardId-000000000000')).toEqual([])
  writer.close()
  destroy()
})

test('what has no time left is found beneath what has, and no timer is negative', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const warnings: string[] = []
  const note = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', note)
  const { writer, destroy } = await writerOf(server, 300)
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const failed: string[] = []
  const addNamed = (partitionKey: string, agoMs: number): void =>
    add(writer, { partitionKey, addedAt: performance.now() - agoMs, failed: () => failed.push(partitionKey) })
  addNamed('new', 0)
  addNamed('old', 250)
  await vi.waitUntil(() => failed.length === 1)
  expect(failed).toEqual(['old'])
  await writer.flush()
  expect(failed).toEqual(['old', 'new'])
  process.off('warning', note)
  expect(warnings).toEqual([])
  writer.close()
  destroy()
})

test('those behind one of their key that is on its way have no more time than others', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const { writer, destroy } = await writerOf(server, 400)
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'slow', ms: 150 } })
  const failed: number[] = []
  for (let n = 0; n < 20; n++) add(writer, { failed: () => failed.push(n) })
  await writer.flush()
  const { records, expired } = writer.stats()
  expect(records + expired).toBe(20)
  expect(records).toBeLessThan(6)
  expect(failed).toEqual(Array.from({ length: expired }, (_, n) => n + records))
  writer.close()
  destroy()
})
