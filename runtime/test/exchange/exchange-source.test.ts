import { joinFrames } from '../../src/exchange/frame-entry.ts'
import type { Position, Read, Reader, Records } from '@millrace/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ExchangeHub } from '../../src/exchange/exchange-hub.ts'
import { exchangeSource } from '../../src/exchange/exchange-source.ts'
import { sealFrame } from '../../src/exchange/frame.ts'
import { silent } from '../../src/logger.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryExchange } from './support/memory-exchange.ts'
import { frameOf, listOf, row } from './support/rows.ts'

const at = { exchange: 'views', partition: 3 } as const

let world: ManualWorld
let exchange: MemoryExchange
let hub: ExchangeHub
let stop: AbortController

beforeEach(() => {
  world = new ManualWorld()
  exchange = new MemoryExchange()
  hub = new ExchangeHub({ backplane: exchange, world, log: silent })
  stop = new AbortController()
})

afterEach(() => hub.close())

const entryOf = (...sequences: readonly number[]): Uint8Array =>
  joinFrames([frameOf(sequences.map((sequence) => row({ sequence })))])[0] ?? new Uint8Array()

const partialsOf = (byte: number): Uint8Array =>
  joinFrames([sealFrame({ kind: 'partials', body: new Uint8Array([byte]) })])[0] ?? new Uint8Array()

const open = (position: Position = '0'): Promise<Reader<unknown>> =>
  exchangeSource(hub, at, world).open({ id: '3' }, position, { clock: world.clock, signal: stop.signal })

const readOf = (reader: Reader<unknown>): Promise<Read<unknown>> => world.run(reader.read(stop.signal))

const recordsOf = async (reader: Reader<unknown>): Promise<Records<unknown>> => {
  const read = await readOf(reader)
  if (read.type !== 'records') throw new Error(`it is ${read.type}`)
  return read
}

const sequencesOf = ({ exchange: received }: Records<unknown>): number[] =>
  (received?.rows ?? []).flatMap(listOf).map(({ sequence }) => sequence)

describe('the source of an exchange', () => {
  test('has one partition, and begins before its first entry', async () => {
    const source = exchangeSource(hub, at, world)
    const context = { clock: world.clock, signal: stop.signal }
    for await (const list of source.partitions(context))
      expect(list).toEqual({ partitions: [{ id: '3' }], final: true })
    expect(await source.resolve({ id: '3' }, context)).toBe('0')
    expect(source.compare('9', '10')).toBeLessThan(0)
  })

  test('gives small entries joined, with the watermark that holds once they are processed', async () => {
    exchange.add('views', 3, entryOf(1, 2), entryOf(3)).watermark('views', 3, 5_000)
    const read = await recordsOf(await open())
    expect(sequencesOf(read)).toEqual([1, 2, 3])
    expect(read.exchange?.watermark).toBe(5_000)
    expect(read.position).toBe('2')
    expect([0, 1, 2].map((each) => read.positionOf(each))).toEqual(['1', '1', '2'])
    expect(read.metaOf(0)).toEqual({ partition: '3', arrival: world.clock.now() })
  })

  test('goes on behind the position it is opened at', async () => {
    exchange.add('views', 3, entryOf(1, 2), entryOf(3), entryOf(4)).watermark('views', 3, 5_000)
    expect(sequencesOf(await recordsOf(await open('2')))).toEqual([4])
  })

  test('gives partial aggregates beside rows', async () => {
    exchange.add('views', 3, partialsOf(7), entryOf(1), partialsOf(8))
    const { exchange: received } = await recordsOf(await open())
    expect(received?.partials).toEqual([new Uint8Array([7]), new Uint8Array([8])])
    expect(received?.rows).toHaveLength(1)
  })

  test('tells a watermark that moves though nothing comes, once', async () => {
    exchange.add('views', 3, entryOf(1)).watermark('views', 3, 1_000)
    const reader = await open()
    await recordsOf(reader)
    exchange.watermark('views', 3, 2_000)
    const moved = await recordsOf(reader)
    expect(moved.exchange).toEqual({ watermark: 2_000 })
    expect(moved.position).toBe('1')
    expect(await readOf(reader)).toEqual({ type: 'idle', position: '1' })
  })

  test('says that it is idle after about a second without anything', async () => {
    const reader = await open()
    const from = world.elapsed()
    expect(await readOf(reader)).toEqual({ type: 'idle', position: '0' })
    expect(world.elapsed() - from).toBeGreaterThanOrEqual(900)
    expect(world.elapsed() - from).toBeLessThanOrEqual(1_100)
  })

  test('keeps to a watermark that it was promised when all that send fall silent', async () => {
    exchange.add('views', 3, entryOf(1)).watermark('views', 3, 1_000)
    const reader = await open()
    await world.advance(50)
    exchange.watermark('views', 3, undefined)
    await world.advance(200)
    expect((await recordsOf(reader)).exchange?.watermark).toBe(1_000)
    expect((await readOf(reader)).type).toBe('idle')
  })

  test('does not give a watermark before all that lies before it', async () => {
    const large = Array.from({ length: 5_000 }, (_, i) => i)
    exchange.add('views', 3, entryOf(...large), entryOf(...large), entryOf(7)).watermark('views', 3, 1_000)
    const reader = await open()
    const first = await recordsOf(reader)
    expect(first.exchange).toMatchObject({ rows: [{ length: 5_000 }, { length: 5_000 }], watermark: undefined })
    const second = await recordsOf(reader)
    expect(sequencesOf(second)).toEqual([7])
    expect(second.exchange?.watermark).toBe(1_000)
  })

  test('gives a watermark that is reached though more has come since', async () => {
    const large = Array.from({ length: 9_000 }, (_, i) => i)
    exchange.add('views', 3, entryOf(...large)).watermark('views', 3, 1_000)
    const reader = await open()
    await world.advance(50)
    exchange.add('views', 3, entryOf(1)).watermark('views', 3, undefined)
    await world.advance(200)
    expect((await recordsOf(reader)).exchange?.watermark).toBe(1_000)
    expect(sequencesOf(await recordsOf(reader))).toEqual([1])
  })

  test('ends when all that send to it have ended and everything is read', async () => {
    exchange.add('views', 3, entryOf(1)).watermark('views', 3, Infinity)
    const reader = await open()
    const last = await recordsOf(reader)
    expect(sequencesOf(last)).toEqual([1])
    expect(last.exchange?.watermark).toBeUndefined()
    expect(await readOf(reader)).toEqual({ type: 'end' })
  })

  test('does not end when the end was called off before it was reached', async () => {
    const large = Array.from({ length: 9_000 }, (_, i) => i)
    exchange.add('views', 3, entryOf(...large)).watermark('views', 3, Infinity)
    const reader = await open()
    await world.advance(50)
    exchange.add('views', 3, entryOf(1)).watermark('views', 3, undefined)
    await world.advance(200)
    await recordsOf(reader)
    expect(sequencesOf(await recordsOf(reader))).toEqual([1])
    expect((await readOf(reader)).type).toBe('idle')
  })

  test('stops to wait when it is to stop', async () => {
    const reader = await open()
    const read = reader.read(stop.signal)
    await world.advance(10)
    stop.abort()
    expect(await read).toEqual({ type: 'idle', position: '0' })
  })

  test('fails with what the backplane says, after what it has', async () => {
    exchange.add('views', 3, entryOf(1))
    const reader = await open()
    await world.advance(10)
    exchange.failures.push(...Array.from({ length: 9 }, () => new Error('no route to host')))
    await world.advance(1_000)
    expect(sequencesOf(await recordsOf(reader))).toEqual([1])
    await expect(readOf(reader)).rejects.toThrow('no route to host')
  })

  test('does not fail for a question that was asked again before anybody waited', async () => {
    const reader = await open()
    exchange.failures.push(new Error('no route to host'))
    await world.advance(500)
    expect(await readOf(reader)).toEqual({ type: 'idle', position: '0' })
  })

  test('is not idle while the backplane does not answer', async () => {
    let answer = (): void => {}
    exchange.delay = new Promise((resolve) => (answer = resolve))
    const reader = await open()
    let isDone = false
    const read = reader.read(stop.signal).finally(() => (isDone = true))
    await world.advance(5_000)
    expect(isDone).toBe(false)
    answer()
    expect(await world.run(read)).toEqual({ type: 'idle', position: '0' })
  })

  test('says where an entry lies that cannot be read', async () => {
    const broken = entryOf(1)
    broken[broken.length - 1] = 1 + (broken.at(-1) ?? 0)
    exchange.add('views', 3, broken)
    await expect(readOf(await open())).rejects.toMatchObject({
      code: 'CORRUPT_STATE',
      message: expect.stringContaining('exchange views, partition 3, position 1:'),
    })
  })

  test('is read no more once it is closed', async () => {
    const reader = await open()
    await readOf(reader)
    await reader.close()
    await world.advance(100)
    const { length } = exchange.calls
    await world.advance(5_000)
    expect(exchange.calls).toHaveLength(length)
  })
})
