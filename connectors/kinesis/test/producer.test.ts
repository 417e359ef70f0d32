import { KinesisClient, UpdateMaxRecordSizeCommand } from '@aws-sdk/client-kinesis'
import { once } from 'node:events'
import {
  createProducer,
  decodeAggregate,
  ExpiredError,
  type HotShard,
  type Producer,
  type ProducerOptions,
} from '@millrace/kinesis'
import { type KinesisStandIn, type SeenRecord, startKinesis, type StreamView } from '@millrace/kinesis/testing'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import fc from 'fast-check'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openProducer } from '../src/producer.ts'
import { jumpingClock } from './support/jumping-clock.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const producerOf = (server: KinesisStandIn, options: Partial<ProducerOptions<Uint8Array>> = {}) =>
  createProducer({ stream: 's', linger: '5ms', ...server.clientOptions, ...options })

const recordsIn = (server: KinesisStandIn): SeenRecord[] => {
  const stream = server.stream('s')
  return stream.shards.flatMap((shard) => stream.records(shard))
}

const requests = (server: KinesisStandIn): number =>
  server.calls.filter(({ operation }) => operation === 'PutRecords').length

test('says where a record lies', async () => {
  await using server = await startKinesis()
  const stream = server.create('s', 2)
  await using producer = producerOf(server)
  const put = await producer.put(bytes('x'), { partitionKey: 'user-1' })
  const [shard] = stream.shards.filter((id) => stream.records(id).length > 0)
  expect(put).toEqual({ shardId: shard, sequenceNumber: stream.records(shard!)[0]!.sequenceNumber, attempts: 1 })
})

test('puts exactly 500 records a request', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server, { linger: '10s', rateLimit: 1e6 })
  for (let n = 0; n < 1_500; n++) void producer.put(bytes('x'), { partitionKey: 'k' })
  await producer.close()
  expect([recordsIn(server).length, requests(server)]).toEqual([1_500, 3])
})

test('counts keys in UTF-8 towards the bytes of a request', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  // 2 bytes of data and 3 of the key: two of them are 10
  const producer = producerOf(server, { linger: '10s', maxRequestBytes: 10, rateLimit: 1e6 })
  for (let n = 0; n < 6; n++) void producer.put(bytes('ab'), { partitionKey: '日' })
  await producer.close()
  expect([recordsIn(server).length, requests(server)]).toEqual([6, 3])
})

test('puts a record of 10 MiB on a stream that takes it, and refuses it by name elsewhere', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 1)
  await using small = producerOf(server)
  await expect(small.put(new Uint8Array(2_000_000), { partitionKey: 'k' })).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    message: expect.stringMatching(/stream s: a record has 2000001 bytes.*UpdateMaxRecordSize/),
  })
  await expect(small.put(bytes('x'), { partitionKey: '' })).rejects.toMatchObject({ code: 'BAD_KEY' })
  await expect(small.put(bytes('x'), { partitionKey: 'a\ud800' })).rejects.toThrow(/"a\\ud800" is no text/)
  await expect(small.put(bytes('x'), { explicitHashKey: 2n ** 128n })).rejects.toMatchObject({ code: 'BAD_KEY' })

  const client = new KinesisClient({ ...server.clientOptions, requestHandler: new NodeHttpHandler() })
  await client.send(new UpdateMaxRecordSizeCommand({ StreamARN: stream.arn, MaxRecordSizeInKiB: 10_240 }))
  client.destroy()
  const most = 10 * 1024 * 1024
  await using large = producerOf(server, { maxRecordBytes: most, rateLimit: 1e6 })
  expect(await large.put(new Uint8Array(most - 1), { partitionKey: 'k' })).toMatchObject({ attempts: 1 })
  expect(recordsIn(server).map(({ data }) => data.length)).toEqual([most - 1])
})

test('refuses by name what it could never put', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const given = (options: object) => () => producerOf(server, options)
  expect(given({ aggregate: { maxBytes: '2MiB' } })).toThrow(/`aggregate.maxBytes` is 2097152 bytes; give 1 to 1048576/)
  expect(given({ rateLimit: 0 })).toThrow(/`rateLimit` is 0/)
  for (const aggregate of ['yes', null, []])
    expect(given({ aggregate })).toThrow(/`aggregate` is neither true, false nor/)
  expect(given({ stream: undefined })).toThrow(/`stream` is 'undefined'; give the name or ARN/)
  expect(given({ role: {} })).toThrow(/`role.arn` is 'undefined'; give the ARN of a role/)
  expect(given({ order: 'all' })).toThrow(/`order` is 'all'/)
  expect(given({ recordTtl: '80ms', linger: '100ms' })).toThrow(/`recordTtl` is 80 ms; give more than `linger`.*100 ms/)
  await using producer = producerOf(server)
  await expect(producer.put('text' as never)).rejects.toMatchObject({
    code: 'BAD_RECORD',
    message: expect.stringMatching(/give createProducer `encode`/),
  })
  // an aggregate is never larger than a record may be
  await using small = producerOf(server, { maxRecordBytes: 1_000, aggregate: true, linger: '10s' })
  for (let n = 0; n < 40; n++) void small.put(bytes('x'.repeat(90)), { partitionKey: `${n}`.repeat(20) })
  await small.flush()
  expect(Math.max(...recordsIn(server).map(({ data }) => data.length))).toBeLessThanOrEqual(999)
})

test('one that waits for room has no more time than others', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const producer = producerOf(server, { maxBufferedBytes: 1_000, recordTtl: '300ms' })
  const since = performance.now()
  // room is for three at a time
  const puts = await Promise.allSettled(Array.from({ length: 60 }, () => producer.put(bytes('x'))))
  expect(puts.every(({ status }) => status === 'rejected')).toBe(true)
  // twenty times 300 ms, if each had all of it from when there was room
  expect(performance.now() - since).toBeLessThan(3_000)
  await producer.close()
})

test('a full request goes out while others are on their way', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server, { linger: '1m', maxRecords: 10, recordTtl: '2m' })
  await Promise.all(Array.from({ length: 10 }, () => producer.put(bytes('x'))))
  const slow = server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 2_000 } })
  for (let n = 0; n < 10; n++) void producer.put(bytes('x'))
  await vi.waitUntil(() => slow.hits === 1)
  await Promise.all(Array.from({ length: 10 }, () => producer.put(bytes('x'))))
  // those of the slow one are not answered yet
  expect(producer.stats().records).toBe(20)
  await producer.close()
  expect(producer.stats().records).toBe(30)
})

test('a shard that takes nothing holds back no other, however much waits for it', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 2)
  // by its own rate, few records would meet the trouble many times
  const producer = producerOf(server, { rateLimit: 1e6 })
  const [hot, cold] = [{ explicitHashKey: 1n }, { explicitHashKey: 2n ** 127n }]
  await producer.put(bytes('x'), hot)
  const kind = { type: 'partial', code: 'ProvisionedThroughputExceededException', of: 1 } as const
  const throttle = server.faults.inject({ operation: 'PutRecords', kind })
  for (let n = 0; n < 600; n++) void producer.put(bytes('x'), hot)
  // its back-off is 400 to 800 ms then
  await vi.waitUntil(() => throttle.hits >= 8, { timeout: 10_000 })
  throttle.remove()
  await producer.put(bytes('x'), cold)
  expect(stream.shards.map((shard) => stream.records(shard).length)).toEqual([1, 1])
  await producer.close()
  expect(recordsIn(server)).toHaveLength(602)
})

test('whoever closes it a second time waits, too', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server)
  void producer.put(bytes('x'))
  void producer.close()
  await producer.close()
  expect(recordsIn(server)).toHaveLength(1)
  await expect(producer.put(bytes('x'))).rejects.toThrow(/producer of stream s is closed/)
})

test('an aggregate that the stream refuses is taken apart', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const sizes = { aggregate: { maxBytes: '2MiB' }, maxRecordBytes: '2MiB', rateLimit: 1e6 } as const
  for (const order of ['none', 'key'] as const) {
    const producer = producerOf(server, { ...sizes, order })
    await producer.put(bytes('x'), { partitionKey: 'k' })
    const puts = Array.from({ length: 12 }, () => producer.put(new Uint8Array(100_000), { partitionKey: 'k' }))
    const large = producer.put(new Uint8Array(1_500_000), { partitionKey: 'k' })
    const settled = await Promise.allSettled([...puts, large])
    expect(settled.map(({ status }) => status)).toEqual([...puts.map(() => 'fulfilled'), 'rejected'])
    await producer.close()
  }
}, 30_000)

test('puts only what was refused again', async () => {
  await using server = await startKinesis({ limits: false, random: Math.random })
  server.create('s', 2)
  server.faults.inject({
    operation: 'PutRecords',
    times: 4,
    kind: { type: 'partial', code: 'InternalFailure', of: 0.5 },
  })
  const producer = producerOf(server)
  const puts = Array.from({ length: 100 }, (_, n) => producer.put(bytes(`${n}`)))
  const results = await Promise.all(puts)
  await producer.close()
  expect(recordsIn(server)).toHaveLength(100)
  expect(results.some(({ attempts }) => attempts > 1)).toBe(true)
})

test('with twice what the shards take it waits, holds little, and loses nothing', async () => {
  const time = { ms: 1.7e12 }
  await using server = await startKinesis({ clock: { now: () => time.ms + performance.now() * 20 } })
  server.create('s', 1)
  // twenty times as fast as the service: 20,000 records a second
  const producer = producerOf(server, { maxBufferedBytes: 500_000, rateLimit: 4_000 })
  let most = 0
  for (let n = 0; n < 8_000; n++) {
    void producer.put(bytes(`${n}`))
    await producer.ready()
    most = Math.max(most, producer.stats().bufferedBytes)
  }
  await producer.close()
  const texts = recordsIn(server).map(({ data }) => data.toString())
  expect(new Set(texts).size).toBe(8_000)
  expect(texts).toHaveLength(8_000)
  expect(most).toBeLessThan(500_000)
  expect(producer.stats().shards['shardId-000000000000']?.throttled).toBeGreaterThan(0)
}, 20_000)

test('a record that could not be put in time fails with its tries', async () => {
  await using server = await startKinesis()
  server.create('s', 1)
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure', message: 'no' } })
  await using producer = producerOf(server, { recordTtl: '400ms' })
  const error = await producer.put(bytes('x')).catch((thrown: unknown) => thrown as ExpiredError)
  expect(error).toBeInstanceOf(ExpiredError)
  expect((error as ExpiredError).attempts.length).toBeGreaterThan(1)
  expect((error as ExpiredError).message).toMatch(/within 400 ms: \d tries, the last one: InternalFailure: no/)
  expect(producer.stats()).toMatchObject({ expired: 1, bufferedRecords: 0, lastError: { code: 'InternalFailure' } })
})

test('a request that is not answered in six seconds is put again', async () => {
  await using server = await startKinesis()
  server.create('s', 1)
  const fault = server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 20_000 } })
  await using producer = producerOf(server)
  expect(await producer.put(bytes('x'))).toMatchObject({ attempts: 2 })
  expect(fault.hits).toBe(1)
}, 15_000)

test('a wall clock that steps back holds nothing up', async () => {
  await using server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() }, limits: false })
  server.create('s', 1)
  await using producer = producerOf(server)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const put = producer.put(bytes('x'))
  await vi.waitUntil(() => away.hits > 0)
  const yesterday = Date.now() - 86_400_000
  const stepped = vi.spyOn(Date, 'now').mockReturnValue(yesterday)
  onTestFinished(() => stepped.mockRestore())
  away.remove()
  expect(await put).toMatchObject({ shardId: 'shardId-000000000000' })
  expect(producer.stats().bufferedRecords).toBe(0)
})

test('an answer that is lost makes a repeat, never a loss', async () => {
  await using server = await startKinesis()
  server.create('s', 1)
  const fault = server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'lost reply' } })
  const producer = producerOf(server)
  for (let n = 0; n < 20; n++) void producer.put(bytes(`${n}`))
  await producer.close()
  expect(fault.hits).toBe(1)
  expect(new Set(recordsIn(server).map(({ data }) => data.toString())).size).toBe(20)
})

test('finds the new shards when some are split', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 1)
  const producer = producerOf(server, { rateLimit: 1e6 })
  await producer.put(bytes('first'))
  stream.split(stream.openShards[0]!)
  let put = 1
  const until = performance.now() + 5_000
  while (Object.keys(producer.stats().shards).length < 3 && performance.now() < until) {
    await producer.put(bytes(`${put}`))
    put++
  }
  await producer.close()
  // the old one, and both new ones
  expect(Object.keys(producer.stats().shards)).toHaveLength(3)
  expect(recordsIn(server)).toHaveLength(put)
}, 10_000)

test('members of an aggregate that went astray are put where they belong, also when the shards cannot be asked for', async () => {
  await using server = await startKinesis({ limits: false })
  const [stream, plain] = [server.create('s', 1), server.create('plain', 1)]
  const producer = producerOf(server, { aggregate: true })
  await producer.put(bytes('x'))
  for (const each of [stream, plain]) each.split(each.openShards[0]!)
  const kind = { type: 'error', code: 'LimitExceededException' } as const
  const fault = server.faults.inject({ operation: 'ListShards', kind })
  const keys = Array.from({ length: 100 }, (_, n) => `user-${n}`)
  await Promise.all(keys.map((partitionKey) => producer.put(bytes('x'), { partitionKey })))
  await producer.close()
  // once astray, once where it belongs
  const members = stream.shards.flatMap((shard) =>
    stream.records(shard).flatMap((record) => decodeAggregate(record.data) ?? [record]),
  )
  expect(members.length).toBeLessThanOrEqual(1 + 2 * keys.length)
  const found = new Set(
    stream.shards.flatMap((shard) =>
      stream
        .records(shard)
        .flatMap((record) => decodeAggregate(record.data) ?? [record])
        .filter(({ partitionKey }) => plain.put(partitionKey, 'x').shardId === shard)
        .map(({ partitionKey }) => partitionKey),
    ),
  )
  expect(fault.hits).toBeGreaterThan(0)
  expect(keys.filter((key) => !found.has(key))).toEqual([])
})

test('aggregates what goes to one shard, under a hash key of that shard', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 4)
  const producer = producerOf(server, { aggregate: true })
  await producer.put(bytes('alone'), { partitionKey: 'a' })
  const results = await Promise.all(
    Array.from({ length: 400 }, (_, n) => producer.put(bytes(`${n}`), { partitionKey: `user-${n}` })),
  )
  await producer.close()
  const members = recordsIn(server).flatMap(({ data }) => decodeAggregate(data) ?? [{ partitionKey: '', data }])
  expect(members).toHaveLength(401)
  expect(recordsIn(server).length).toBeLessThan(20)
  // each is where its own key belongs
  const plain = await startKinesis({ limits: false })
  plain.create('s', 4)
  for (const [n, { shardId, sequenceNumber, subSequenceNumber = 0 }] of results.entries()) {
    expect(shardId).toBe(plain.stream('s').put(`user-${n}`, 'x').shardId)
    const carrier = stream.records(shardId).find((record) => record.sequenceNumber === sequenceNumber)
    const member = decodeAggregate(carrier!.data)?.[subSequenceNumber]
    expect(Buffer.from(member?.data ?? carrier!.data).toString()).toBe(`${n}`)
  }
  await plain.stop()
})

test('no request has more bytes than it may, also with a large record at its end', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 1)
  const producer = producerOf(server, { maxRequestBytes: '10MiB', rateLimit: 1e6 })
  await Promise.all(Array.from({ length: 24 }, () => producer.put(new Uint8Array(900_000), { partitionKey: 'k' })))
  await producer.close()
  expect([stream.records(stream.shards[0]!).length, producer.stats().retried]).toEqual([24, 0])
})

test('a record that the stream refuses keeps no other from it', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server, { maxRecordBytes: '2MiB', linger: '50ms' })
  const large = producer.put(new Uint8Array(1_500_000), { partitionKey: 'k' })
  await Promise.all(Array.from({ length: 40 }, (_, n) => producer.put(bytes(`${n}`), { partitionKey: 'k' })))
  await expect(large).rejects.toMatchObject({ code: 'SINK', message: expect.stringMatching(/1500001 bytes is larger/) })
  await producer.close()
  expect(recordsIn(server)).toHaveLength(40)
})

test('one that waits for room is overtaken by none, and room is for one at a time', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server, { order: 'key', maxBufferedBytes: 300, linger: 0, maxRecords: 1 })
  let most = 0
  for (let n = 0; n < 40; n += 2) {
    for (const each of [n, n + 1]) void producer.put(bytes(`${each}`.padStart(2, '0')), { partitionKey: 'k' })
    if (n % 4 === 0) await producer.ready()
    most = Math.max(most, producer.stats().bufferedRecords)
  }
  await producer.close()
  expect(recordsIn(server).map(({ data }) => Number(data.toString()))).toEqual(Array.from({ length: 40 }, (_, n) => n))
  expect(most).toBeLessThanOrEqual(2)
})

test('a flush waits for what was put before, not for what is put meanwhile', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 2)
  await using producer = producerOf(server, { linger: '10s', rateLimit: 1e6 })
  let put = 0
  let settled = 0
  const more = (): void => void producer.put(bytes(`${put++}`)).then(() => settled++)
  const flushed: string[] = []
  for (let n = 0; n < 700; n++) more()
  const flush = (name: string, least: number): void =>
    void producer.flush().then(() => flushed.push(`${name}: ${settled >= least ? 'all' : settled}`))
  flush('first', put)
  more()
  flush('second', put)
  // nothing was put since
  flush('third', put)
  for (let turns = 0; flushed.length < 3 && turns < 20_000; turns++) {
    more()
    await nextTurn()
  }
  expect(flushed).toEqual(['first: all', 'second: all', 'third: all'])
})

test('keeps the order of a key whose records come while earlier ones are queued and on their way', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  server.faults.inject({ operation: 'PutRecords', times: 2, kind: { type: 'slow', ms: 100 } })
  const producer = producerOf(server, { order: 'key', maxRecords: 2, maxInFlight: 1, linger: 0 })
  const put = (text: string, partitionKey: string): void => void producer.put(bytes(text), { partitionKey })
  const sent = (n: number): Promise<void> =>
    vi.waitFor(() => expect(producer.stats().requests).toBe(n), { interval: 2 })
  put('i', 'i')
  put('j', 'j')
  await sent(1)
  put('a', 'k')
  put('m', 'm')
  put('b', 'k')
  await sent(2)
  put('c', 'k')
  await producer.close()
  const ofKey = recordsIn(server).filter(({ partitionKey }) => partitionKey === 'k')
  expect(ofKey.map(({ data }) => data.toString())).toEqual(['a', 'b', 'c'])
})

test.each([
  ['before the shards are known', false],
  ['while the shards are split', true],
])('each member of an aggregate is put where it belongs: %s', async (_, splits) => {
  await using server = await startKinesis({ limits: false })
  const [stream, plain] = ['s', 'plain'].map((name) => server.create(name, 2)) as [StreamView, StreamView]
  const producer = producerOf(server, { aggregate: true })
  if (splits) {
    await producer.put(bytes('first'), { partitionKey: 'first' })
    for (const each of [stream, plain]) each.split(each.openShards[0]!)
  }
  const keys = Array.from({ length: 200 }, (__, n) => `user-${n}`)
  for (const partitionKey of keys) void producer.put(bytes('x'), { partitionKey })
  await producer.close()
  const right = new Set<string>()
  for (const shard of stream.shards)
    for (const record of stream.records(shard))
      for (const { partitionKey } of decodeAggregate(record.data) ?? [record])
        if (plain.put(partitionKey, 'x').shardId === shard) right.add(partitionKey)
  expect(keys.filter((key) => !right.has(key))).toEqual([])
})

test('holds little of short records, too', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 200 } })
  const producer = producerOf(server, { maxBufferedBytes: 100_000, linger: 0 })
  let taken = 0
  for (; producer.hasRoom; taken++) void producer.put(bytes('x'), { partitionKey: 'k' })
  expect(taken).toBeGreaterThan(100)
  expect(taken).toBeLessThan(400)
  await producer.close()
})

test('keeps the order of each key, whatever is refused', async () => {
  const sizes = fc.record({
    keys: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
    aggregate: fc.boolean(),
    of: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
  })
  await fc.assert(
    fc.asyncProperty(sizes, async ({ keys, seed, aggregate, of }) => {
      let state = seed
      const random = (): number => (state = (state * 48_271 + 11) % 2_147_483_647) / 2_147_483_647
      const server = await startKinesis({ limits: false, random })
      const stream = server.create('s', 2)
      server.faults.inject({
        operation: 'PutRecords',
        times: 6,
        kind: { type: 'partial', code: 'InternalFailure', of },
      })
      server.faults.inject({ operation: 'PutRecords', times: 1, probability: 0.3, kind: { type: 'cut' } })
      const producer = producerOf(server, { order: 'key', aggregate, maxRecords: 4, maxInFlight: 3, linger: 0 })
      for (let n = 0; n < 40; n++) {
        void producer.put(bytes(`${n}`), { partitionKey: `k${n % keys}` })
        // some come while others are on their way
        if (random() < 0.2) await nextTurn()
        if (n === 20 && seed % 2 === 0) stream.split(stream.openShards[0]!)
      }
      await producer.close()
      const seen = new Map<string, number[]>()
      // a child is read behind its parent
      for (const { partitionKey, data } of recordsIn(server).flatMap(
        (record) => decodeAggregate(record.data) ?? [{ partitionKey: record.partitionKey, data: record.data }],
      ))
        seen.set(partitionKey, [...(seen.get(partitionKey) ?? []), Number(Buffer.from(data).toString())])
      // members of an aggregate that went astray are put once more
      for (let key = 0; key < keys; key++)
        expect(aggregate ? [...new Set(seen.get(`k${key}`))] : seen.get(`k${key}`)).toEqual(
          Array.from({ length: 40 }, (_, n) => n).filter((n) => n % keys === key),
        )
      await server.stop()
    }),
    { numRuns: 12 },
  )
}, 60_000)

test('an aggregate is no larger than a request', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const sizes = { aggregate: { maxBytes: '1MiB' }, maxRequestBytes: '100KiB' } as const
  const producer = producerOf(server, { ...sizes, linger: '100ms', rateLimit: 1e6 })
  await producer.put(bytes('x'))
  for (let n = 0; n < 500; n++) void producer.put(new Uint8Array(1_000), { partitionKey: 'k' })
  // larger than any request may be, but by itself
  await producer.put(new Uint8Array(200_000), { partitionKey: 'k' })
  await producer.close()
  const puts = server
    .stream('s')
    .records('shardId-000000000000')
    .map(({ data }) => data.length)
  expect(puts.filter((length) => length > 102_400)).toEqual([200_000])
  expect(puts.length).toBeLessThan(12)
})

test('so many requests at a time as it is told to, none of them waits for a connection', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 1)
  const producer = producerOf(server, { maxRecords: 1, maxInFlight: 100, linger: 0, rateLimit: 1e6 })
  await producer.put(bytes('x'))
  const slow = server.faults.inject({ operation: 'PutRecords', kind: { type: 'slow', ms: 1_000 } })
  const puts = Array.from({ length: 100 }, (_, n) => producer.put(bytes(`${n}`)))
  await vi.waitUntil(() => slow.hits === 100, 900)
  await Promise.all(puts)
  await producer.close()
  // nothing is left to be put
  await producer.flush()
  expect(producer.stats()).toMatchObject({ records: 101, retried: 0 })
})

test('a producer that may not list the shards is not held to the rate of one', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('s', 8)
  server.faults.inject({ operation: 'ListShards', kind: { type: 'error', code: 'AccessDeniedException' } })
  const producer = producerOf(server)
  for (let n = 0; n < 8_000; n++) void producer.put(bytes('x'))
  // of one shard it would be more than four seconds
  await vi.waitFor(() => expect(producer.stats().records).toBe(8_000), 3_000)
  await producer.close()
})

/** Twelve seconds, in steps in which each shard takes what it does in one. */
async function passTime(clock: { jump(ms: number): void }, producer: Producer<Uint8Array>): Promise<void> {
  for (let second = 0; second < 12; second++) {
    const { records } = producer.stats()
    clock.jump(1_000)
    await vi.waitUntil(() => producer.stats().records >= records + 400 || producer.stats().bufferedRecords === 0, 5_000)
  }
}

test('tells which shard is hot, and by which keys', async () => {
  await using server = await startKinesis({ limits: false })
  const stream = server.create('s', 4)
  const hot: HotShard[] = []
  const onHotShard = async (shard: HotShard): Promise<void> => {
    hot.push(shard)
    throw new Error('of the user')
  }
  const warned = once(process, 'warning') as Promise<[Error]>
  using elapsed = jumpingClock()
  const producer = producerOf(server, { rateLimit: 100, onHotShard })
  for (let n = 0; n < 16_000; n++) void producer.put(bytes('x'), { partitionKey: n % 8 === 0 ? 'warm' : 'hot' })
  for (let n = 0; n < 200; n++) void producer.put(bytes('x'))
  await passTime(elapsed, producer)
  const [{ shardId, share, keys, waiting, recordsPerSecond, ...rest }] = hot as [HotShard]
  expect(stream.shards).toContain(shardId)
  expect(share).toBeGreaterThan(0.6)
  expect(waiting).toBeGreaterThan(0)
  expect(recordsPerSecond).toBeGreaterThan(500)
  expect(rest).toMatchObject({ stream: 's', throttled: 0 })
  expect(keys[0]?.partitionKey).toBe('hot')
  expect(keys[0]?.share).toBeGreaterThan(0.7)
  expect((await warned)[0].message).toBe('onHotShard has failed: Error: of the user')
  const told = hot.length
  // what has ended is not told when there is something again
  for (let n = 0; n < 8; n++) elapsed.jump(1_000)
  await vi.waitUntil(() => producer.stats().bufferedRecords === 0, 5_000)
  elapsed.jump(60_000)
  await producer.put(bytes('x'), { partitionKey: 'hot' })
  expect(hot.length - told).toBeLessThanOrEqual(1)
  await producer.close()
}, 30_000)

test('warns of a hot shard where nobody listens, and neither of even ones nor of those that fail', async () => {
  await using server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() } })
  server.create('s', 2)
  const warnings: string[] = []
  const note = ({ name, message }: Error): void => void (name === 'HotShardWarning' && warnings.push(message))
  process.on('warning', note)
  using elapsed = jumpingClock()
  const options = { stream: 's', linger: '5ms', recordTtl: '10m', ...server.clientOptions } as const
  const even = openProducer(options)
  for (let n = 0; n < 40_000; n++) void even.put(bytes('x'))
  await passTime(elapsed, even)
  const throttled = Object.values(even.stats().shards).reduce((sum, shard) => sum + shard.throttled, 0)
  expect(throttled).toBeGreaterThan(0)
  even.abandon()
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const failing = openProducer(options)
  for (let n = 0; n < 30; n++) void failing.put(bytes('x'), { partitionKey: 'k' })
  await vi.waitUntil(() => away.hits > 3, 5_000)
  elapsed.jump(11_000)
  away.remove()
  await failing.close()
  expect(warnings).toEqual([])
  const uneven = openProducer(options)
  for (let n = 0; n < 40_000; n++) void uneven.put(bytes('x'), { partitionKey: 'k' })
  await passTime(elapsed, uneven)
  uneven.abandon()
  expect(warnings[0]).toMatch(
    /^stream s, shard shardId-\d+ is hot: it takes 100 % of all that is put, has refused \d+ records, and \d+ wait for it, of these keys: "k" 100 %; choose keys/,
  )
  process.off('warning', note)
}, 60_000)
