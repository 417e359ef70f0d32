import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeAggregate } from '../../src/wire/aggregate.ts'
import { LogShipper } from '../../src/logging/log-shipper.ts'
import { KinesisTransport } from '@millrace/kinesis/winston'
import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { pino } from 'pino'
import { createLogger, format } from 'winston'
import { expect, test, vi } from 'vitest'
import kinesisTransport from '@millrace/kinesis/pino'

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-spool-'))

const textsIn = (server: KinesisStandIn): string[] => {
  const stream = server.stream('logs')
  return stream.shards.flatMap((shard) => stream.records(shard).map(({ data }) => data.toString()))
}

const membersIn = (server: KinesisStandIn): string[] => {
  const stream = server.stream('logs')
  const records = stream.shards.flatMap((shard) => stream.records(shard))
  return records.flatMap(({ data }) =>
    (decodeAggregate(data) ?? [{ data }]).map((each) => Buffer.from(each.data).toString()),
  )
}

test('pino: every line is put when the transport has ended', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const transport = kinesisTransport({ stream: 'logs', linger: '5ms', ...server.clientOptions })
  const log = pino(transport)
  for (let n = 0; n < 20; n++) log.info({ n }, 'line')
  transport.end()
  await once(transport, 'close')
  expect(textsIn(server).map((text) => (JSON.parse(text) as { n: number }).n)).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  )
})

test('winston: every line is put when the logger has ended', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const transport = new KinesisTransport({ stream: 'logs', linger: '5ms', ...server.clientOptions })
  const log = createLogger({ transports: [transport] })
  for (let n = 0; n < 20; n++) log.info('line', { n })
  log.end()
  await once(transport, 'finish')
  expect(textsIn(server)).toHaveLength(20)
  expect(transport.stats()).toEqual({ put: 20, dropped: 0, spooledBytes: 0 })
})

test('drops and counts what does not fit, if told to', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const options = { stream: 'logs', linger: '5ms', maxBufferedBytes: 200 } as const
  const transport = new KinesisTransport({ ...options, ...server.clientOptions })
  const log = createLogger({ transports: [transport] })
  for (let n = 0; n < 50; n++) log.info('a line of some length', { n })
  await vi.waitFor(() => expect(transport.stats().dropped).toBeGreaterThan(30))
  away.remove()
  log.end()
  await once(transport, 'finish')
  const { put, dropped } = transport.stats()
  expect(put + dropped).toBe(50)
  expect(textsIn(server)).toHaveLength(put)
})

test('blocks whoever logs when it is full, and loses nothing', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const shipper = new LogShipper({ stream: 'logs', linger: '5ms', maxBufferedBytes: 200, ...server.clientOptions })
  let waits = 0
  for (let n = 0; n < 50; n++) {
    const taken = shipper.ship(`a line of some length ${n}`)
    const first = await Promise.race([taken.then(() => 'taken'), pause(50, 'waits')])
    if (first === 'waits' && waits++ === 0) away.remove()
    await taken
  }
  expect(waits).toBeGreaterThan(0)
  await shipper.close()
  expect(shipper.stats()).toEqual({ put: 50, dropped: 0, spooledBytes: 0 })
})

test('keeps lines on disk while the stream is away, and the next process puts them in order', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const spool = { folder: folder() }
  const options = { stream: 'logs', linger: '5ms', recordTtl: '50ms', spool, order: 'key' } as const
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'cut' } })
  const first = new KinesisTransport({ ...options, ...server.clientOptions })
  const log = createLogger({ transports: [first] })
  for (let n = 0; n < 10; n++) log.info(`line ${n}`)
  log.end()
  await once(first, 'finish')
  expect(textsIn(server)).toEqual([])
  expect(first.stats().spooledBytes).toBeGreaterThan(0)
  // it died while it wrote another one
  writeFileSync(join(spool.folder, '99999999.ndjson'), '{"message":"torn')

  away.remove()
  const second = new KinesisTransport({ ...options, recordTtl: '30s', ...server.clientOptions })
  await vi.waitFor(() => expect(textsIn(server)).toHaveLength(10))
  const last = createLogger({ transports: [second] })
  last.info('line 10')
  last.end()
  await once(second, 'finish')
  const numbers = textsIn(server).map((text) => Number(/line (\d+)/.exec(text)?.[1]))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, n) => n))
  expect(numbers.at(-1)).toBe(10)
  expect(second.stats().spooledBytes).toBe(0)
})

test('refuses options by name', () => {
  const given = (options: object) => () => new LogShipper({ stream: 'logs', region: 'us-east-1', ...options })
  expect(given({ whenFull: 'wait' })).toThrow(/`whenFull` is 'wait'/)
  expect(given({ closeWithin: 'soon' })).toThrow(/`closeWithin`: "soon" is not a duration/)
  expect(() => new KinesisTransport({ stream: 'logs', whenFull: 'block' } as object as { stream: string })).toThrow(
    /`whenFull` is 'block', but winston lets nobody wait/,
  )
  expect(given({ partitionKey: 'k'.repeat(257) })).toThrow(/partition key has 257 characters/)
  expect(given({ spool: { folder: '' } })).toThrow(/`spool.folder` is no path/)
  expect(given({ spool: { folder: tmpdir(), maxBytes: NaN } })).toThrow(/`spool.maxBytes`/)
})

const failing = (server: KinesisStandIn) => server.faults.inject({ operation: 'PutRecords', kind: { type: 'cut' } })
const numbered = (texts: readonly string[]): number[] => texts.map((text) => Number(text.split(' ')[1]))

test('lines that fail late stay before those that came later', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = failing(server)
  const spool = { folder: folder() }
  const ordered = { stream: 'logs', linger: '5ms', spool, partitionKey: 'k', order: 'key', rateLimit: 1e6 } as const
  const first = new LogShipper({ ...ordered, recordTtl: '150ms', ...server.clientOptions })
  for (let n = 0; n < 60; n++) {
    await first.ship(`line ${n}`)
    await pause(5)
  }
  await first.close()
  expect(first.stats()).toMatchObject({ put: 0, dropped: 0 })
  away.remove()
  const second = new LogShipper({ ...ordered, ...server.clientOptions })
  await second.close()
  expect(numbered(textsIn(server))).toEqual(Array.from({ length: 60 }, (_, n) => n))
})

test('lines behind one that fails go to the spool with it, or they would be put before it', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 1)
  const away = failing(server)
  const ordered = { stream: 'logs', linger: '5ms', recordTtl: '300ms', partitionKey: 'k', order: 'key' } as const
  const spool = { folder: folder() }
  const shipper = new LogShipper({ ...ordered, spool, ...server.clientOptions })
  let n = 0
  // the stream is back when the first one has just failed
  while (shipper.stats().spooledBytes === 0) {
    await shipper.ship(`line ${n++}`)
    await pause(20)
  }
  away.remove()
  await shipper.close()
  // one after the other, some may have to wait once more
  const second = new LogShipper({ ...ordered, recordTtl: '30s', spool, ...server.clientOptions })
  await second.close()
  expect([shipper.stats().dropped, second.stats()]).toMatchObject([0, { dropped: 0, spooledBytes: 0 }])
  expect(numbered(textsIn(server))).toEqual(Array.from({ length: n }, (_, i) => i))
})

test('a spool that takes longer to put than a line may wait is put in pieces', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = failing(server)
  const place = folder()
  const options = { stream: 'logs', linger: '5ms', recordTtl: '300ms', ...server.clientOptions } as const
  const first = new LogShipper({ ...options, spool: { folder: place } })
  for (let n = 0; n < 3_000; n++) await first.ship(`line ${n}`)
  await first.close()
  expect(first.stats()).toMatchObject({ put: 0, dropped: 0 })
  away.remove()
  // 1,000 lines a second
  const second = new LogShipper({ ...options, spool: { folder: place } })
  for (let before = Infinity; second.stats().spooledBytes > 0;) {
    await second.flush()
    expect(second.stats().spooledBytes).toBeLessThan(before)
    before = second.stats().spooledBytes
  }
  await second.close()
  expect(new Set(textsIn(server)).size).toBe(3_000)
  expect(second.stats()).toEqual({ put: textsIn(server).length, dropped: 0, spooledBytes: 0 })
}, 20_000)

test.each([
  { type: 'error', code: 'InternalFailure' },
  { type: 'slow', ms: 60_000 },
] as const)('ends in time while the stream is away, and keeps what it has %o', async (kind) => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind })
  const options = { stream: 'logs', linger: '5ms', partitionKey: 'k', order: 'key', ...server.clientOptions } as const
  const spool = { folder: folder() }
  const shipper = new LogShipper({ ...options, spool, closeWithin: '100ms' })
  for (let n = 0; n < 20; n++) await shipper.ship(`line ${n}`)
  await vi.waitUntil(() => away.hits > 0)
  await shipper.close()
  expect(shipper.stats().dropped).toBe(0)
  away.remove()
  const next = new LogShipper({ ...options, spool })
  await next.close()
  // one whose answer never came may be there twice
  expect([...new Set(numbered(textsIn(server)))]).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test('what is lost at the end for want of a spool is told', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  failing(server)
  const told = once(process, 'warning') as Promise<[Error]>
  const shipper = new LogShipper({ stream: 'logs', closeWithin: '50ms', ...server.clientOptions })
  for (let n = 0; n < 7; n++) await shipper.ship(`line ${n}`)
  await shipper.close()
  expect(shipper.stats()).toEqual({ put: 0, dropped: 7, spooledBytes: 0 })
  expect((await told)[0].message).toBe(
    'lines of a log for stream logs are lost: 7 could not be put in time; give `spool` to keep them',
  )
})

test('winston ends with a full buffer, and what did not fit is in the spool', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const options = { stream: 'logs', linger: '5ms', maxBufferedBytes: 2_000, partitionKey: 'k', order: 'key' } as const
  const transport = new KinesisTransport({ ...options, spool: { folder: folder() }, ...server.clientOptions })
  const log = createLogger({ transports: [transport] })
  for (let n = 0; n < 200; n++) log.info(`line ${n}`)
  away.remove()
  log.end()
  await once(transport, 'finish')
  expect(transport.stats()).toEqual({ put: 200, dropped: 0, spooledBytes: 0 })
  const numbers = textsIn(server).map((text) => Number(/line (\d+)/.exec(text)?.[1]))
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n))
})

test('winston: what cannot be written is dropped, and nobody is thrown at', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const transport = new KinesisTransport({ stream: 'logs', ...server.clientOptions })
  const log = createLogger({ transports: [transport], format: format.timestamp() })
  log.info('x', { big: 1n })
  log.end()
  await once(transport, 'finish')
  expect(transport.stats()).toMatchObject({ put: 0, dropped: 1 })
})

test('a line that the stream never takes is dropped, and holds back no other', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const options = { stream: 'logs', linger: '5ms', spool: { folder: folder() } } as const
  const shipper = new LogShipper({ ...options, ...server.clientOptions })
  await shipper.ship('x'.repeat(1_100_000))
  for (let n = 0; n < 5; n++) await shipper.ship(`line ${n}`)
  await shipper.close()
  expect(shipper.stats()).toEqual({ put: 5, dropped: 1, spooledBytes: 0 })
})

test('a spool whose folder is gone drops and counts, and ends nothing', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = failing(server)
  const place = folder()
  const options = { stream: 'logs', linger: '5ms', recordTtl: '50ms', spool: { folder: place } } as const
  const shipper = new LogShipper({ ...options, ...server.clientOptions })
  rmSync(place, { recursive: true })
  await shipper.ship('line 0')
  await vi.waitFor(() => expect(shipper.stats()).toEqual({ put: 0, dropped: 1, spooledBytes: 0 }))
  away.remove()
  await vi.waitFor(async () => {
    await shipper.ship('line 1')
    expect(shipper.stats().put).toBeGreaterThan(0)
  })
  await shipper.close()
  expect(shipper.stats().spooledBytes).toBe(0)
})

test.each(['remove', 'close', 'end'] as const)('winston: every line is put when the logger says %s', async (how) => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const transport = new KinesisTransport({ stream: 'logs', linger: '1h', recordTtl: '2h', ...server.clientOptions })
  const log = createLogger({ transports: [transport] })
  for (let n = 0; n < 20; n++) log.info('line', { n })
  if (how === 'remove') log.remove(transport)
  else log[how]()
  await once(transport, 'finish')
  expect(textsIn(server)).toHaveLength(20)
})

test('whoever closes once more waits, too', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 100 } })
  const shipper = new LogShipper({ stream: 'logs', ...server.clientOptions })
  await shipper.ship('line')
  void shipper.close()
  await shipper.close()
  expect(shipper.stats().put).toBe(1)
})

test('what did not fit is put as soon as there is room', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 1)
  server.faults.inject({ operation: 'PutRecords', times: 1, kind: { type: 'slow', ms: 50 } })
  const options = { stream: 'logs', linger: '5ms', maxBufferedBytes: 2_000, partitionKey: 'k', order: 'key' } as const
  const shipper = new LogShipper({ ...options, spool: { folder: folder() }, aggregate: true, ...server.clientOptions })
  // nobody waits while there is room on disk
  for (let n = 0; n < 200; n++) await shipper.ship(`line ${n}`)
  expect(shipper.stats().spooledBytes).toBeGreaterThan(0)
  // what could not be put is tried again every 5 s
  await vi.waitFor(() => expect(shipper.stats()).toEqual({ put: 200, dropped: 0, spooledBytes: 0 }), { timeout: 3_000 })
  expect(numbered(membersIn(server))).toEqual(Array.from({ length: 200 }, (_, n) => n))
  await shipper.close()
})

test('waits for room in the spool, too, and ends in time with what there is room for', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 1)
  const away = failing(server)
  const options = { stream: 'logs', linger: '5ms', maxBufferedBytes: 2_000, partitionKey: 'k', order: 'key' } as const
  const spool = { folder: folder(), maxBytes: 500 }
  const shipper = new LogShipper({ ...options, spool, closeWithin: '100ms', ...server.clientOptions })
  let shipped = 0
  const ship = async (): Promise<void> => {
    for (; shipped < 200; shipped++) await shipper.ship(`line ${shipped}`)
  }
  const shipping = ship()
  await vi.waitUntil(() => away.hits > 0)
  expect(shipped).toBeGreaterThan(40)
  expect(shipped).toBeLessThan(100)
  expect(shipper.stats()).toMatchObject({ put: 0, dropped: 0 })
  const told = once(process, 'warning') as Promise<[Error]>
  shipper.beginClose()
  await shipping
  await shipper.close()
  const { dropped, spooledBytes } = shipper.stats()
  const next = new LogShipper({ ...options, spool, ...server.clientOptions })
  away.remove()
  await next.close()
  expect(spooledBytes).toBeGreaterThan(400)
  expect(numbered(textsIn(server)).length + dropped).toBe(200)
  expect((await told)[0].message).toMatch(
    /^lines of a log for stream logs are lost: \d+ could not be put in time, and `spool.maxBytes` have no room for them$/,
  )
})

test('while lines keep coming, the spool is put faster than they do, and left', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 4)
  const away = failing(server)
  const options = { stream: 'logs', linger: '5ms', recordTtl: '200ms', ...server.clientOptions } as const
  const place = folder()
  const first = new LogShipper({ ...options, spool: { folder: place } })
  for (let n = 0; n < 3_000; n++) await first.ship(`line ${n}`)
  await first.close()
  away.remove()
  // 500 lines an answer would be fewer than come
  server.faults.inject({ operation: 'PutRecords', kind: { type: 'slow', ms: 100 } })
  const shipper = new LogShipper({ ...options, recordTtl: '30s', spool: { folder: place } })
  let n = 3_000
  await vi.waitFor(
    () => {
      for (let i = 0; i < 60; i++) shipper.take(`line ${n++}`)
      expect(shipper.stats().spooledBytes).toBe(0)
    },
    { interval: 5, timeout: 10_000 },
  )
  await shipper.close()
  expect(shipper.stats()).toEqual({ put: n, dropped: 0, spooledBytes: 0 })
  expect(new Set(textsIn(server)).size).toBe(n)
}, 15_000)

test('a line that comes when all before it have just expired is kept with them', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const place = folder()
  writeFileSync(join(place, '00000001.ndjson'), Array.from({ length: 499 }, (_, n) => `line ${n}\n`).join(''))
  const options = { stream: 'logs', partitionKey: 'k', linger: '5ms', spool: { folder: place } } as const
  const shipper = new LogShipper({ ...options, recordTtl: '300ms', ...server.clientOptions })
  await vi.waitUntil(() => away.hits > 1)
  // the event loop is held up
  const until = performance.now() + 400
  while (performance.now() < until);
  shipper.take('line 499')
  await shipper.close()
  away.remove()
  const next = new LogShipper({ ...options, ...server.clientOptions })
  await next.close()
  expect([shipper.stats().dropped, next.stats()]).toMatchObject([0, { dropped: 0, spooledBytes: 0 }])
  expect(new Set(numbered(textsIn(server))).size).toBe(500)
})

test('lines that wait keep their room in the spool, whatever comes', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const away = server.faults.inject({ operation: 'PutRecords', kind: { type: 'error', code: 'InternalFailure' } })
  const options = { stream: 'logs', linger: '5ms', recordTtl: '200ms', maxBufferedBytes: 20_000 } as const
  const spool = { folder: folder(), maxBytes: 3_000 }
  const shipper = new LogShipper({ ...options, spool, ...server.clientOptions })
  let shipped = 0
  const shipping = (async () => {
    for (; shipped < 400; shipped++) await shipper.ship(`line ${shipped}`)
  })()
  await vi.waitUntil(() => shipper.stats().spooledBytes > 2_000)
  await vi.waitFor(() => expect(shipped).toBeLessThan(400))
  away.remove()
  await vi.waitUntil(() => shipped === 400, { timeout: 10_000 })
  await shipping
  await shipper.close()
  expect(shipper.stats()).toMatchObject({ dropped: 0, spooledBytes: 0 })
  expect(new Set(textsIn(server)).size).toBe(400)
}, 15_000)

test('what is lost on the way is told at once', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  failing(server)
  const told = once(process, 'warning') as Promise<[Error]>
  const shipper = new LogShipper({ stream: 'logs', linger: '5ms', recordTtl: '50ms', ...server.clientOptions })
  for (let n = 0; n < 7; n++) await shipper.ship(`line ${n}`)
  // those that are lost first; the others within a minute, or at the end
  expect((await told)[0].message).toMatch(/^lines of a log for stream logs are lost: [1-7] could not be put in time/)
  await shipper.close()
})

test('a disk that takes nothing makes no line come again and again', async () => {
  await using server = await startKinesis({ limits: false })
  server.create('logs', 1)
  const place = folder()
  writeFileSync(join(place, '00000001.ndjson'), Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join(''))
  // what is left cannot be written down: there is a folder in its place
  mkdirSync(join(place, 'half'))
  const away = server.faults.inject({
    operation: 'PutRecords',
    kind: { type: 'partial', code: 'InternalFailure', of: 0.5 },
  })
  const options = { stream: 'logs', linger: '5ms', recordTtl: '150ms', spool: { folder: place } } as const
  const shipper = new LogShipper({ ...options, ...server.clientOptions })
  await vi.waitUntil(() => away.hits > 0)
  for (let round = 0; round < 5; round++) await shipper.flush()
  away.remove()
  await vi.waitFor(async () => {
    await shipper.flush()
    expect(textsIn(server).length).toBeGreaterThanOrEqual(20)
  }, 3_000)
  await shipper.close()
  expect(textsIn(server).toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `line ${n}`).toSorted())
})

test('winston: what the transport is told of format, exceptions and rejections holds', async () => {
  await using server = await startKinesis()
  server.create('logs', 1)
  const told = { format: format.printf(({ level }) => `${level}: redacted`), handleExceptions: true }
  const transport = new KinesisTransport({ stream: 'logs', ...told, handleRejections: true, ...server.clientOptions })
  const log = createLogger({ exitOnError: false, transports: [transport] })
  log.info('secret')
  log.end()
  await once(transport, 'finish')
  expect(textsIn(server)).toEqual(['info: redacted'])
  expect(transport).toMatchObject({ handleExceptions: true, handleRejections: true })
})
