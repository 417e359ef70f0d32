import type { Reader } from '@millrace/core'
import { startKinesis } from '@millrace/kinesis/testing'
import { expect, test, vi } from 'vitest'
import { createClient, createPushClient } from '../../src/client/create-client.ts'
import { FanOutConsumer } from '../../src/reading/fan-out-consumer.ts'
import { FanOutReader } from '../../src/reading/fan-out-reader.ts'
import type { KinesisMeta } from '../../src/reading/kinesis-meta.ts'
import { readAll } from '../support/reading.ts'

test('a subscription that says nothing is given up, and made anew where it was', async () => {
  // five minutes are 30 ms
  await using server = await startKinesis({
    clock: { now: () => 1.7e12 + performance.now() * 1_000 },
    limits: false,
  })
  const view = server.create('s', 1)
  const clients = { client: createClient(server.clientOptions), push: createPushClient(server.clientOptions, 2_000) }
  const stream = { name: 's', reference: { StreamName: 's' }, createdAt: 0 }
  const consumer = new FanOutConsumer(clients.client, stream, 'c')
  const reader: Reader<string, KinesisMeta> = new FanOutReader(clients, consumer, {
    name: { partition: 's/0', stream: 's', shardId: view.shards[0] ?? '' },
    stream,
    position: 'TRIM_HORIZON',
    clock: { now: Date.now },
    signal: new AbortController().signal,
    isAggregated: true,
    describe: async () => ({ retentionMs: 86_400_000 }),
    onDataLoss: 'report',
  })
  view.put('k', '0')
  expect((await readAll(reader)).texts).toEqual(['0'])
  const fault = server.faults.inject({ kind: { type: 'silent stream' }, times: 1 })
  await vi.waitUntil(() => fault.hits === 1)
  view.put('k', '1')
  const made = (): number => server.calls.filter(({ operation }) => operation === 'SubscribeToShard').length
  const before = made()
  const texts: string[] = []
  for (let fails = 0; texts.length === 0 && fails < 3;)
    await readAll(reader, undefined, 1).then(
      (reading) => texts.push(...reading.texts),
      () => fails++,
    )
  expect(texts).toEqual(['1'])
  expect(made()).toBeGreaterThan(before)
  await reader.close()
  clients.client.destroy()
  clients.push.destroy()
}, 20_000)
