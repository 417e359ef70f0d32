import {
  IncreaseStreamRetentionPeriodCommand,
  KinesisClient,
  ListStreamConsumersCommand,
  UpdateMaxRecordSizeCommand,
  UpdateStreamRecordDistributionStrategyCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { encodeAggregate } from '@millrace/kinesis'
import { startKinesis } from '@millrace/kinesis/testing'
import { describe, expect, test, vi } from 'vitest'
import { jumpingClock } from './support/jumping-clock.ts'
import { listed, readAll, readFrom, sourceOf } from './support/reading.ts'

const hour = 3_600_000
const earliest = 'TRIM_HORIZON'
const signal = new AbortController().signal

/** A server of its own time, with one shard that holds some texts. */
async function serve(count: number) {
  const time = { ms: Date.UTC(2026, 0, 1) }
  const clock = { now: () => time.ms }
  const server = await startKinesis({ clock, limits: false })
  const stream = server.create('s', 1)
  const put = (n: number): void => void stream.put(`k${n % 3}`, `${n}`)
  for (let n = 0; n < count; n++) put(n)
  const send = async (command: IncreaseStreamRetentionPeriodCommand | UpdateMaxRecordSizeCommand): Promise<void> => {
    const client = new KinesisClient({ ...server.clientOptions, requestHandler: new NodeHttpHandler() })
    await client.send(command as IncreaseStreamRetentionPeriodCommand)
    client.destroy()
  }
  return {
    server,
    stream,
    put,
    keep: (hours: number) =>
      send(new IncreaseStreamRetentionPeriodCommand({ StreamName: 's', RetentionPeriodHours: hours })),
    allow: (kib: number) => send(new UpdateMaxRecordSizeCommand({ StreamARN: stream.arn, MaxRecordSizeInKiB: kib })),
    time,
    now: clock.now,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`)

describe('a shard', () => {
  test('begins where it is told to', async () => {
    await using s = await serve(3)
    s.time.ms += 1_000
    s.put(3)
    const [shard] = await listed(sourceOf(s.server))
    const startOf = async (startAt: NonNullable<Parameters<typeof sourceOf>[1]>['startAt'], isResumed = false) => {
      const source = sourceOf(s.server, { ...(startAt && { startAt }) })
      const context = { clock: { now: s.now }, signal, isResumed }
      const start = await source.resolve(shard!, context)
      return (await readFrom(source, shard!, start, { now: s.now })).texts
    }
    const [first] = s.stream.records(s.stream.shards[0]!)
    expect(await startOf(undefined)).toEqual(numbers(0, 4))
    expect(await startOf({ timestamp: s.time.ms - 500 })).toEqual(['3'])
    expect(await startOf({ after: { [s.stream.shards[0]!]: first!.sequenceNumber } })).toEqual(numbers(1, 4))
    s.time.ms += 1
    expect(await startOf('latest')).toEqual([])
    // one that comes later is read from its start, whatever the options say
    expect(await startOf('latest', true)).toEqual(numbers(0, 4))
  })

  test('goes on behind an iterator that has expired', async () => {
    await using s = await serve(2)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const context = { clock: { now: s.now }, signal }
    const reader = await source.open(shard!, earliest, context)
    const first = await reader.read(signal)
    s.put(2)
    s.time.ms += 301_000
    const texts: string[] = []
    while (texts.length === 0) {
      const read = await reader.read(signal)
      if (read.type === 'records' && read.slab && read.slab.length > 0)
        texts.push(Buffer.from(read.slab.bytes.subarray(read.slab.starts[0], read.slab.ends[0])).toString())
    }
    expect([first.type, texts]).toEqual(['records', ['2']])
    expect(s.server.calls.some(({ outcome }) => outcome === 'ExpiredIteratorException')).toBe(true)
  })

  test.each([
    ['a throttle', { type: 'error', code: 'ProvisionedThroughputExceededException' }, 2],
    ['an internal failure', { type: 'error', code: 'InternalFailure', status: 500 }, 2],
    ['a KMS key that is disabled', { type: 'error', code: 'KMSDisabledException' }, 3],
    ['a connection that is cut', { type: 'cut' }, 2],
    ['an answer that is lost', { type: 'lost reply' }, 2],
  ] as const)('survives %s', async (_, kind, times) => {
    await using s = await serve(50)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const fault = s.server.faults.inject({ operation: 'GetRecords', times, kind })
    const read = await readFrom(source, shard!, earliest, { now: s.now, tries: 5, most: 50 })
    expect(read.texts).toEqual(numbers(0, 50))
    expect(fault.hits).toBe(times)
  })

  test('begins at the latest when the job has begun, however late it is asked for', async () => {
    await using s = await serve(2)
    const source = sourceOf(s.server, { startAt: 'latest' })
    s.time.ms += 1_000
    const context = { clock: { now: s.now }, signal: new AbortController().signal, beganAt: s.now() }
    const [shard] = await listed(source)
    s.time.ms += 60_000
    s.put(2)
    s.time.ms += 60_000
    // a child waits for its parent, and is asked for then
    const start = await source.resolve(shard!, context)
    expect((await readFrom(source, shard!, start, { now: s.now })).texts).toEqual(['2'])
  })

  test.each([{}, { fanOut: { consumer: 'c' } }])(
    'is not ended by a word of the service that it is gone %o',
    async (options) => {
      const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
      const stream = server.create('s', 1)
      stream.put('k', '0')
      const source = sourceOf(server, options)
      const [shard] = await listed(source)
      const operation = 'fanOut' in options ? 'SubscribeToShard' : 'GetRecords'
      const code = 'ResourceNotFoundException'
      const fault = server.faults.inject({ operation, times: 1, kind: { type: 'error', code } })
      const read = await readFrom(source, shard!, earliest, { most: 1, tries: 3 })
      expect([fault.hits, read.texts, read.refused, read.children]).toEqual([1, ['0'], [], undefined])
      await server.stop()
    },
  )

  test('is not asked again and again where every iterator has expired', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server, { rate: { callsPerSecond: 5 } })
    const [shard] = await listed(source)
    const fault = s.server.faults.inject({
      operation: 'GetRecords',
      kind: { type: 'error', code: 'ExpiredIteratorException' },
    })
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    const since = performance.now()
    for (let read = 0; read < 6; read++) expect((await reader.read(signal)).type).toBe('records')
    expect(fault.hits).toBeGreaterThan(1)
    expect(fault.hits).toBeLessThanOrEqual(1 + (performance.now() - since) / 200)
    fault.remove()
    expect((await readAll(reader)).texts).toEqual(['0'])
    await reader.close()
  })

  test('is not asked too soon after an iterator that was long in coming', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server, { rate: { callsPerSecond: 4 }, pollEvery: 0 })
    const [shard] = await listed(source)
    s.server.faults.inject({ operation: 'GetShardIterator', kind: { type: 'slow', ms: 400 } })
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    await reader.read(signal)
    const since = performance.now()
    s.put(1)
    await reader.read(signal)
    // 250 ms between two calls, less what the answer took
    expect(performance.now() - since).toBeGreaterThan(150)
    await reader.close()
  })

  test('is idle for as long as it is known to have nothing, however seldom it is asked', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server, { pollEvery: '1m' })
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    const types = async (): Promise<string> => (await reader.read(signal)).type
    expect([await types(), await types()]).toEqual(['records', 'idle'])
    using elapsed = jumpingClock()
    elapsed.jump(3_000)
    expect(await types()).toBe('records')
    elapsed.jump(60_000)
    expect(await types()).toBe('idle')
    await reader.close()
  })

  test('is idle at its tip alone, not when it is throttled or gives nothing for another reason', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    const types = async (): Promise<string> => (await reader.read(signal)).type
    expect([await types(), await types()]).toEqual(['records', 'idle'])
    const throttle = s.server.faults.inject({
      operation: 'GetRecords',
      kind: { type: 'error', code: 'ProvisionedThroughputExceededException' },
    })
    // there may be records behind: windows wait
    expect([await types(), await types()]).toEqual(['records', 'records'])
    throttle.remove()
    await vi.waitFor(async () => expect(await types()).toBe('idle'), { timeout: 10_000 })
    await reader.close()
  }, 20_000)

  test('an error names stream, shard, position, and what to do', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    s.server.faults.inject({
      operation: 'GetRecords',
      kind: { type: 'error', code: 'KMSDisabledException', message: 'key is off' },
    })
    await expect(readFrom(source, shard!, earliest)).rejects.toMatchObject({
      code: 'SOURCE',
      retryable: true,
      partition: shard!.id,
      position: earliest,
      message: expect.stringMatching(
        /stream s, shard shardId-000000000000: KMSDisabledException: key is off; .*KMS key/,
      ),
    })
  })

  test('ends with its children when it is split, and they with theirs when they are merged', async () => {
    await using s = await serve(5)
    const [id] = s.stream.shards
    s.stream.split(id!)
    for (let n = 5; n < 10; n++) s.put(n)
    const [left, right] = s.stream.openShards
    s.stream.merge(left!, right!)
    const source = sourceOf(s.server)
    const all = await listed(source)
    expect(all).toHaveLength(4)
    const parent = await readFrom(source, all[0]!, earliest, { now: s.now })
    expect(parent.texts).toEqual(numbers(0, 5))
    expect(parent.children).toEqual([
      { id: all[1]!.id, parents: [all[0]!.id] },
      { id: all[2]!.id, parents: [all[0]!.id] },
    ])
    const child = await readFrom(source, all[1]!, earliest, { now: s.now })
    expect(child.children).toEqual([{ id: all[3]!.id, parents: [all[1]!.id, all[2]!.id] }])
  })
})

describe('what retention takes', () => {
  test('is reported when it was not read', async () => {
    await using s = await serve(10)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const { position } = await readFrom(source, shard!, earliest, { most: 1, now: s.now })
    s.put(10)
    s.time.ms += 30 * hour
    s.put(11)
    const read = await readFrom(source, shard!, position, { now: s.now })
    expect(read.texts).toEqual(['11'])
    expect(read.refused.map(({ error }) => (error as Error).message)).toEqual([
      expect.stringMatching(/shard shardId-000000000000: it was read to .* and keeps 24 hours: .* is lost/),
    ])
    const strict = sourceOf(s.server, { onDataLoss: 'fail' })
    await expect(readFrom(strict, shard!, position, { now: s.now })).rejects.toMatchObject({
      code: 'SOURCE',
      retryable: false,
    })
  })

  test('is reported by a reader that was held up for so long', async () => {
    await using s = await serve(3)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    const rows = async (): Promise<string[]> => {
      const { texts, refused } = await readAll(reader)
      return [...texts, ...refused.map(({ error }) => (error as Error).message)]
    }
    expect(await rows()).toEqual(numbers(0, 3))
    // what comes while the job is held up is there when it goes on, until retention takes it
    s.put(3)
    s.time.ms += 20 * hour
    s.put(4)
    expect(await rows()).toEqual(['3', '4'])
    s.put(5)
    s.time.ms += 30 * hour
    s.put(6)
    expect(await rows()).toEqual(['6', expect.stringMatching(/it was read to \d+@\d+, to .* is lost/)])
    await reader.close()
  })

  test('is reported when a subscription is renewed', async () => {
    await using s = await serve(3)
    const source = sourceOf(s.server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    expect((await readAll(reader, undefined, 3)).texts).toEqual(numbers(0, 3))
    s.put(3)
    s.time.ms += 30 * hour
    s.put(4)
    const { texts, refused } = await readAll(reader, undefined, 1)
    expect([texts, refused.map(({ error }) => (error as Error).message)]).toEqual([
      ['4'],
      [expect.stringMatching(/it was read to \d+@\d+, to .* is lost/)],
    ])
    await reader.close()
  })

  test('is reported by a reader that runs, but not fast enough', async () => {
    await using s = await serve(0)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    // those of ten minutes, when the first of them are about to go
    for (let n = 0; n < 30_000; n++) {
      if (n % 1_000 === 0) s.time.ms += 20_000
      s.put(n)
    }
    s.time.ms += 24 * hour - 29 * 20_000
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal })
    const first = await readAll(reader, undefined, 10_000)
    expect([first.texts.at(-1), first.refused]).toEqual(['9999', []])
    // a pause that iterators survive
    s.time.ms += 4 * 60_000
    const second = await readAll(reader, undefined, 10_000)
    expect([second.texts[0], second.refused.length]).toEqual(['12000', 1])
    const third = await readAll(reader)
    expect([third.texts.length, third.texts[0], third.refused]).toEqual([8_000, '22000', []])
    expect(s.server.calls.some(({ outcome }) => outcome === 'ExpiredIteratorException')).toBe(false)
    await reader.close()
  })

  test.each(['expired', 'error'])(
    'is reported also when answers without records come first, and then: %s',
    async (then) => {
      await using s = await serve(3)
      const source = sourceOf(s.server)
      const [shard] = await listed(source)
      const { position } = await readFrom(source, shard!, earliest, { most: 3, now: s.now })
      s.put(3)
      s.time.ms += 60 * hour
      s.put(4)
      s.time.ms += hour
      const empty = s.server.faults.inject({
        operation: 'GetShardIterator',
        times: 1,
        kind: { type: 'empty pages', pages: 1_000 },
      })
      const context = { clock: { now: s.now }, signal }
      const reader = await source.open(shard!, position, context)
      const first = await reader.read(signal)
      const code = then === 'expired' ? 'ExpiredIteratorException' : 'InternalFailure'
      s.server.faults.inject({ operation: 'GetRecords', times: 1, kind: { type: 'error', code } })
      await reader.read(signal).catch(() => undefined)
      await reader.close()
      expect([empty.hits, first.type]).toEqual([1, 'records'])
      const at = (first as { position: string }).position
      const read = await readFrom(source, shard!, at, { now: s.now })
      expect([read.texts, read.refused.length]).toEqual([['4'], 1])
    },
  )

  test('is reported of a shard that had nothing when it was read from its oldest record', async () => {
    await using s = await serve(0)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    s.time.ms += hour
    const { position } = await readFrom(source, shard!, earliest, { now: s.now })
    s.put(0)
    s.time.ms += 30 * hour
    s.put(1)
    const read = await readFrom(source, shard!, position, { now: s.now })
    expect([read.texts, read.refused.length]).toEqual([['1'], 1])
  })

  test('leaves what comes behind answers without records, and behind large ones, to a reader far behind', async () => {
    await using s = await serve(3)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    s.time.ms += 24 * hour - 60_000
    s.server.faults.inject({ operation: 'GetShardIterator', kind: { type: 'empty pages', pages: 3 } })
    expect((await readFrom(source, shard!, earliest, { now: s.now, most: 3 })).texts).toEqual(numbers(0, 3))
    // no two of them fit into an answer
    await using large = await serve(0)
    await large.allow(10_240)
    const all = sourceOf(large.server, { rate: { callsPerSecond: 100, bytesPerSecond: Infinity } })
    const [only] = await listed(all)
    for (let n = 0; n < 3; n++) large.stream.put('k', `${n}`.padEnd(6 * 1024 * 1024))
    large.time.ms += 24 * hour - 60_000
    const read = await readFrom(all, only!, earliest, { now: large.now, most: 3 })
    expect(read.texts.map((each) => each.trim())).toEqual(numbers(0, 3))
  })

  test('is not asked about at each call where the stream keeps more than a day', async () => {
    await using s = await serve(0)
    await s.keep(168)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    for (let n = 0; n < 25_000; n++) s.put(n)
    s.time.ms += 30 * hour
    expect((await readFrom(source, shard!, earliest, { now: s.now, most: 25_000 })).texts).toHaveLength(25_000)
    expect(s.server.calls.filter(({ operation }) => operation === 'GetShardIterator')).toHaveLength(1)
  })

  test('is not reported of what was read shortly before the job stopped', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    s.time.ms += 40 * 60_000
    s.put(1)
    const { position } = await readFrom(source, shard!, earliest, { now: s.now })
    s.time.ms += 24 * hour - 60_000
    s.put(2)
    const next = await readFrom(source, shard!, position, { now: s.now })
    expect([next.texts, next.refused]).toEqual([['2'], []])
    // and of an idle shard, for which no checkpoint is written at each call
    s.time.ms += 40 * 60_000
    const idle = await readFrom(source, shard!, next.position, { now: s.now })
    s.time.ms += 30_000
    expect((await readFrom(source, shard!, idle.position, { now: s.now })).position).toBe(idle.position)
    s.time.ms += 24 * hour - 60_000
    s.put(3)
    const last = await readFrom(source, shard!, idle.position, { now: s.now })
    expect([last.texts, last.refused]).toEqual([['3'], []])
  })

  test('is reported of a shard that was never read, where it is known since when', async () => {
    await using s = await serve(0)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    s.time.ms += hour
    const start = `AT_TIMESTAMP:${s.now()}`
    s.put(0)
    s.time.ms += 30 * hour
    s.put(1)
    const read = await readFrom(source, shard!, start, { now: s.now })
    expect([read.texts, read.refused.length]).toEqual([['1'], 1])
    // a stream had nothing before it was there
    const young = await serve(0)
    const all = sourceOf(young.server)
    const [only] = await listed(all)
    young.put(0)
    expect((await readFrom(all, only!, 'AT_TIMESTAMP:0', { now: young.now })).refused).toEqual([])
    await young.stop()
  })

  test('is not reported of a shard that had nothing while it was read', async () => {
    await using s = await serve(0)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    let position = `AT_TIMESTAMP:${s.now()}`
    for (let day = 0; day < 4; day++) {
      const read = await readFrom(source, shard!, position, { now: s.now })
      expect(read.refused).toEqual([])
      position = read.position
      s.time.ms += 20 * hour
    }
    s.put(0)
    const read = await readFrom(source, shard!, position, { now: s.now })
    expect([read.texts, read.refused]).toEqual([['0'], []])
  })

  test('is not reported when everything had been read', async () => {
    await using s = await serve(10)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const { position } = await readFrom(source, shard!, earliest, { now: s.now })
    s.time.ms += 20 * hour
    const idle = await readFrom(source, shard!, position, { now: s.now })
    s.time.ms += 10 * hour
    s.put(10)
    const read = await readFrom(source, shard!, idle.position, { now: s.now })
    expect([read.texts, read.refused]).toEqual([['10'], []])
  })
})

test('a stream that is deleted and created anew is another one', async () => {
  await using s = await serve(3)
  const source = sourceOf(s.server)
  const [before] = await listed(source)
  const { position } = await readFrom(source, before!, earliest, { now: s.now })
  s.stream.delete()
  s.time.ms += 5_000
  s.server.create('s', 1)
  s.put(7)
  const fresh = sourceOf(s.server)
  const [after] = await listed(fresh)
  expect(after!.id).not.toBe(before!.id)
  expect((await readFrom(fresh, after!, earliest, { now: s.now })).texts).toEqual(['7'])
  // the shard of before has the same name, and nothing of the new one is read as its
  const strict = sourceOf(s.server, { onDataLoss: 'fail' })
  await expect(readFrom(strict, before!, position, { now: s.now })).rejects.toMatchObject({ retryable: false })
  const gone = await readFrom(fresh, before!, position, { now: s.now })
  expect([gone.texts, gone.children]).toEqual([[], []])
  expect((gone.refused[0]!.error as Error).message).toMatch(/was deleted/)
})

describe('an aggregate', () => {
  const members = ['a', 'b', 'c', 'd'].map((each) => ({ partitionKey: `k-${each}`, data: Buffer.from(each) }))

  test.each([{}, { fanOut: { consumer: 'c' } }])(
    'is taken apart, and gone on with in the middle %o',
    async (options) => {
      const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
      const stream = server.create('s', 1)
      stream.put('x', 'plain')
      stream.put('a', encodeAggregate(members))
      stream.put('y', 'last')
      const source = sourceOf(server, options)
      const [shard] = await listed(source)
      const all = await readFrom(source, shard!, earliest, { most: 6 })
      expect(all.texts).toEqual(['plain', 'a', 'b', 'c', 'd', 'last'])
      expect(all.metas.map(({ partitionKey, subSequenceNumber }) => [partitionKey, subSequenceNumber])).toEqual([
        ['x', 0],
        ['k-a', 0],
        ['k-b', 1],
        ['k-c', 2],
        ['k-d', 3],
        ['y', 0],
      ])
      const [, second] = stream.records(stream.shards[0]!)
      const rest = await readFrom(source, shard!, `${second!.sequenceNumber}.1`, { most: 3 })
      expect(rest.texts).toEqual(['c', 'd', 'last'])
      const behind = await readFrom(source, shard!, second!.sequenceNumber, { most: 1 })
      expect(behind.texts).toEqual(['last'])
      await server.stop()
    },
  )

  test('that is damaged is one plain record', async () => {
    await using s = await serve(0)
    const damaged = encodeAggregate(members)
    damaged[damaged.length - 1]! ^= 1
    s.stream.put('a', damaged)
    const source = sourceOf(s.server)
    const [shard] = await listed(source)
    const read = await readFrom(source, shard!, earliest, { now: s.now })
    expect(read.metas.map(({ partitionKey }) => partitionKey)).toEqual(['a'])
  })
})

describe('enhanced fan-out', () => {
  test('renews what ends after five minutes, without a gap or a repeat', async () => {
    // five minutes are 30 ms
    const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
    const stream = server.create('s', 1)
    const source = sourceOf(server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: Date.now }, signal })
    const texts: string[] = []
    let put = 0
    const renewals = (): number => server.calls.filter(({ operation }) => operation === 'SubscribeToShard').length
    while (renewals() < 8 || texts.length < put) {
      if (renewals() < 8) stream.put('k', `${put++}`)
      const read = await reader.read(signal)
      if (read.type !== 'records' || read.slab === undefined) continue
      for (let row = 0; row < read.slab.length; row++)
        texts.push(Buffer.from(read.slab.bytes.subarray(read.slab.starts[row], read.slab.ends[row])).toString())
    }
    await reader.close()
    expect(texts).toEqual(numbers(0, put))
    await server.stop()
  })

  test.each([
    ['an error within the stream', { type: 'in stream', code: 'InternalFailureException' }],
    ['a KMS error within the stream', { type: 'in stream', code: 'KMSDisabledException' }],
    ['a stream that is cut', { type: 'cut stream' }],
  ] as const)('survives %s', async (_, kind) => {
    const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
    const stream = server.create('s', 1)
    for (let n = 0; n < 20; n++) stream.put('k', `${n}`)
    const source = sourceOf(server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const fault = server.faults.inject({ operation: 'SubscribeToShard', times: 2, kind })
    const read = await readFrom(source, shard!, earliest, { tries: 5, most: 20 })
    expect([read.texts, fault.hits]).toEqual([numbers(0, 20), 2])
    await server.stop()
  })

  // where it takes a while, one is described as long as it is being deleted, and cannot be registered before
  test.each([0, 5_000_000])(
    'registers its consumer again when somebody has deregistered it, which takes %d ms',
    async (transitionMs) => {
      const clock = { now: () => 1.7e12 + performance.now() * 10_000 }
      const server = await startKinesis({ clock, limits: false, transitionMs })
      const stream = server.create('s', 1)
      const source = sourceOf(server, { fanOut: { consumer: 'c' } })
      const [shard] = await vi.waitFor(() => listed(source))
      const reader = await source.open(shard!, earliest, { clock: { now: Date.now }, signal })
      stream.put('k', '0')
      const { texts, position } = await readAll(reader, undefined, 1)
      expect(texts).toEqual(['0'])
      expect(await source.release!()).toEqual(['consumer c of stream s'])
      stream.put('k', '1')
      const readOn = async (): Promise<never> => {
        for (;;) await readAll(reader, undefined, 1)
      }
      const error = await readOn().catch((cause: unknown) => cause)
      const message = expect.stringMatching(/consumer\/c:\d+ was deregistered/) as string
      expect(error).toMatchObject({ retryable: true, message })
      await reader.close()
      const read = await readFrom(source, shard!, position, { most: 1 })
      expect([read.texts, read.children]).toEqual([['1'], undefined])
      await server.stop()
    },
    20_000,
  )

  test('ends when its stream is deleted while it is subscribed', async () => {
    const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
    const stream = server.create('s', 1)
    const source = sourceOf(server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: Date.now }, signal })
    stream.put('k', '0')
    expect((await readAll(reader, undefined, 1)).texts).toEqual(['0'])
    stream.delete()
    server.create('s', 1)
    const { children, refused } = await readAll(reader)
    expect([children, refused.length]).toEqual([[], 1])
    await reader.close()
    await server.stop()
  })

  test('ends a shard that is not there, or whose stream is not', async () => {
    const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() * 10_000 }, limits: false })
    const stream = server.create('s', 1)
    const source = sourceOf(server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const other = { id: shard!.id.replace('000', '999') }
    const missing = await readFrom(source, other, earliest)
    expect([missing.children, missing.refused.length]).toEqual([[], 1])
    stream.delete()
    const fresh = sourceOf(server, { fanOut: { consumer: 'c' } })
    const gone = await readFrom(fresh, shard!, earliest)
    expect([gone.children, gone.refused.length]).toEqual([[], 1])
    expect((gone.refused[0]!.error as Error).message).toMatch(/was deleted/)
    await server.stop()
  })

  test('stops at once while it subscribes', async () => {
    await using s = await serve(1)
    const source = sourceOf(s.server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const slow = s.server.faults.inject({ operation: 'SubscribeToShard', kind: { type: 'slow', ms: 60_000 } })
    const stop = new AbortController()
    const reader = await source.open(shard!, earliest, { clock: { now: s.now }, signal: stop.signal })
    const reading = reader.read(stop.signal)
    await vi.waitUntil(() => slow.hits === 1)
    stop.abort()
    expect((await reading).type).toBe('idle')
    await reader.close()
  }, 10_000)

  test('is idle for as long as a subscription says that it has nothing', async () => {
    const server = await startKinesis({ clock: { now: () => 1.7e12 + performance.now() }, limits: false })
    server.create('s', 1).put('k', '0')
    const source = sourceOf(server, { fanOut: { consumer: 'c' } })
    const [shard] = await listed(source)
    const reader = await source.open(shard!, earliest, { clock: { now: Date.now }, signal })
    await readAll(reader, undefined, 1)
    const types = async (): Promise<string> => (await reader.read(signal)).type
    expect(await types()).toBe('idle')
    const fault = server.faults.inject({ kind: { type: 'silent stream' }, times: 1 })
    await vi.waitUntil(() => fault.hits === 1)
    // what it has said before may be under way
    await types()
    using elapsed = jumpingClock()
    elapsed.jump(11_000)
    expect(await types()).toBe('records')
    await reader.close()
    await server.stop()
  })
})

test('the consumer that was registered is released, once, and of a stream that is gone there is none', async () => {
  await using s = await serve(1)
  const client = new KinesisClient({ ...s.server.clientOptions, requestHandler: new NodeHttpHandler() })
  const consumers = async (): Promise<(string | undefined)[]> =>
    (await client.send(new ListStreamConsumersCommand({ StreamARN: s.stream.arn }))).Consumers!.map(
      ({ ConsumerName }) => ConsumerName,
    )
  const source = sourceOf(s.server, { fanOut: { consumer: 'c' } })
  const [shard] = await listed(source)
  const { texts } = await readFrom(source, shard!, earliest, { most: 1 })
  expect([texts, await consumers()]).toEqual([['0'], ['c']])
  expect(await source.release!()).toEqual(['consumer c of stream s'])
  expect(await consumers()).toEqual([])
  expect(await source.release!()).toEqual([])
  s.stream.delete()
  expect(await source.release!()).toEqual([])
  expect('release' in sourceOf(s.server)).toBe(false)
  client.destroy()
})

test('a stream that distributes records by itself is refused where keys matter', async () => {
  await using s = await serve(1)
  const client = new KinesisClient({ ...s.server.clientOptions, requestHandler: new NodeHttpHandler() })
  const RecordDistributionStrategy = 'AUTO'
  await client.send(
    new UpdateStreamRecordDistributionStrategyCommand({ StreamARN: s.stream.arn, RecordDistributionStrategy }),
  )
  expect(await listed(sourceOf(s.server))).toHaveLength(1)
  await expect(listed(sourceOf(s.server, { orderedByKey: true }))).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringMatching(/stream s distributes records by itself/),
  })
  client.destroy()
})

test('refuses options by name', () => {
  const given = (options: object) => () => sourceOf({ clientOptions: {} } as never, options)
  expect(given({ stream: '' })).toThrow(/`stream` is ''/)
  expect(given({ stream: ['a', 'a'] })).toThrow(/`stream` has a twice/)
  expect(given({ endpoint: 'localhost' })).toThrow(/`endpoint` is 'localhost'/)
  expect(given({ stream: ['a', 'b'], startAt: { after: {} } })).toThrow(/`startAt.after` names shards/)
  expect(given({ startAt: 'now' })).toThrow(/`startAt` is 'now'/)
  expect(given({ startAt: { timestamp: 'yesterday' } })).toThrow(/`startAt.timestamp` is 'yesterday'/)
  expect(given({ fanOut: { consumer: 'a b' } })).toThrow(/`fanOut.consumer` is 'a b'/)
  expect(given({ rate: { callsPerSecond: 0 } })).toThrow(/`rate.callsPerSecond` is 0/)
})
