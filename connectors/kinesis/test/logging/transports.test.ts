import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { LogShipper } from '../../src/logging/log-shipper.ts'
import { KinesisTransport } from '@millrace/kinesis/winston'
import { type KinesisStandIn, startKinesis } from '@millrace/kinesis/testing'
import { pino } from 'pino'
import { createLogger } from 'winston'
import { expect, test, vi } from 'vitest'
import kinesisTransport from '@millrace/kinesis/pino'

const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-spool-'))

const textsIn = (server: KinesisStandIn): string[] => {
  const stream = server.stream('logs')
  return stream.shards.flatMap((shard) => stream.records(shard).map(({ data }) => data.toString()))
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
  const options = { stream: 'logs', linger: '5ms', maxBufferedBytes: 200, whenFull: 'drop' } as const
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
  expect(given({ partitionKey: 'k'.repeat(257) })).toThrow(/partition key has 257 characters/)
  expect(given({ spool: { folder: '' } })).toThrow(/`spool.folder` is no path/)
  expect(given({ spool: { folder: tmpdir(), maxBytes: NaN } })).toThrow(/`spool.maxBytes`/)
})

test('a spool that is full takes no more', async () => {
  const { Spool } = await import('../../src/logging/spool.ts')
  const place = folder()
  const spool = new Spool({ folder: place, maxBytes: 12 })
  expect([spool.append('12345'), spool.append('67890'), spool.append('x')]).toEqual([true, true, false])
  expect(readFileSync(join(place, '00000001.ndjson'), 'utf8')).toBe('12345\n67890\n')
})

const failing = (server: KinesisStandIn) => server.faults.inject({ operation: 'PutRecords', kind: { type: 'cut' } })
const numbered = (texts: readonly string[]): number[] => texts.map((text) => Number(text.split(' ')[1]))

test('a line of several lines comes back from the spool as one', async () => {
  const { Spool } = await import('../../src/logging/spool.ts')
  const lines = ['a\n  at b (c:\\d)\n', 'plain', '', '\\n\\', '\\\n']
  const spool = new Spool({ folder: folder() })
  for (const line of lines) spool.append(line)
  expect(spool.oldest()?.lines).toEqual(lines)
  spool.fill(spool.reserve(), lines)
  spool.remove(spool.oldest()?.name ?? '')
  expect(spool.oldest()?.lines).toEqual(lines)
})

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
