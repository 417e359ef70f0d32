import type { ExchangeEntries, Position } from '@millrace/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ExchangeHub, type ExchangeReading } from '../../src/exchange/exchange-hub.ts'
import { type Logger, silent } from '../../src/logger.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryExchange } from './support/memory-exchange.ts'

/** Keeps what it is given until somebody takes it. */
class Reading implements ExchangeReading {
  readonly exchange = 'views'
  readonly partition: number
  after: Position = '0'
  waitingBytes = 0
  given = 0
  mostWaiting = 0
  readonly failures: unknown[] = []

  constructor(partition: number) {
    this.partition = partition
  }

  give({ entries }: ExchangeEntries): void {
    this.after = entries.at(-1)?.position ?? this.after
    this.given += entries.length
    for (const { bytes } of entries) this.waitingBytes += bytes.length
    this.mostWaiting = Math.max(this.mostWaiting, this.waitingBytes)
  }

  fail(error: unknown): void {
    this.failures.push(error)
  }

  take(hub: ExchangeHub): void {
    const before = this.waitingBytes
    this.waitingBytes = 0
    hub.took(this, before)
  }
}

const kib = (count: number): Uint8Array => new Uint8Array(count * 1024)

let world: ManualWorld
let exchange: MemoryExchange
let warnings: string[]
let hub: ExchangeHub

beforeEach(() => {
  world = new ManualWorld()
  exchange = new MemoryExchange()
  warnings = []
  const log: Logger = { ...silent, warn: (_, message) => warnings.push(message) }
  hub = new ExchangeHub({ backplane: exchange, world, log })
})

afterEach(() => hub.close())

/** Questions that are asked in so many milliseconds. */
const callsIn = async (ms: number): Promise<number> => {
  const { length } = exchange.calls
  await world.advance(ms)
  return exchange.calls.length - length
}

describe('a hub', () => {
  test('asks nothing while nobody reads', async () => {
    await world.advance(1_000)
    expect(exchange.calls).toEqual([])
  })

  test('reads all partitions with one question', async () => {
    const readings = [new Reading(0), new Reading(1), new Reading(2)]
    for (const reading of readings) hub.add(reading)
    exchange.add('views', 1, kib(1)).add('views', 2, kib(1), kib(1))
    await world.settle()
    expect(exchange.calls[0]).toEqual(['views/0@0', 'views/1@0', 'views/2@0'])
    expect(readings.map(({ given }) => given)).toEqual([0, 1, 2])
    await world.advance(100)
    expect(exchange.calls.at(-1)).toEqual(['views/0@0', 'views/1@1', 'views/2@2'])
  })

  test('reads on at once while there is more', async () => {
    exchange.add('views', 0, ...Array.from({ length: 7 }, () => kib(100)))
    const reading = new Reading(0)
    hub.add(reading)
    await world.settle()
    expect(reading.given).toBe(7)
    expect(exchange.calls).toHaveLength(2)
  })

  test('asks every 20 ms while something comes, and every 100 ms in the end when nothing does', async () => {
    const reading = new Reading(0)
    hub.add(reading)
    await world.advance(1_000)
    expect(await callsIn(1_000)).toBe(10)
    exchange.add('views', 0, kib(1))
    await world.advance(100)
    expect(reading.given).toBe(1)
    const before = exchange.calls.length
    for (let i = 0; i < 50; i++) {
      exchange.add('views', 0, kib(1))
      await world.advance(20)
    }
    expect(exchange.calls.length - before).toBeGreaterThanOrEqual(48)
    expect(exchange.calls.length - before).toBeLessThanOrEqual(52)
  })

  test('asks for a new reader at once', async () => {
    hub.add(new Reading(0))
    await world.advance(1_000)
    const reading = new Reading(1)
    exchange.add('views', 1, kib(1))
    hub.add(reading)
    await world.settle()
    expect(reading.given).toBe(1)
  })

  test('reads no more for a reader that does not take, and goes on when it has taken', async () => {
    exchange.add('views', 0, ...Array.from({ length: 100 }, () => kib(100))).add('views', 1, kib(1))
    const [slow, quick] = [new Reading(0), new Reading(1)]
    hub.add(slow)
    hub.add(quick)
    await world.advance(5_000)
    expect(slow.mostWaiting).toBeGreaterThanOrEqual(1024 * 1024)
    expect(slow.mostWaiting).toBeLessThan(1.5 * 1024 * 1024)
    expect(exchange.calls.at(-1)).toEqual(['views/1@1'])
    while (slow.given < 100) {
      const { given } = slow
      slow.take(hub)
      await world.settle()
      expect(slow.given).toBeGreaterThan(given)
    }
    expect(slow.mostWaiting).toBeLessThan(1.5 * 1024 * 1024)
  })

  test('asks nothing while all its readers are full', async () => {
    exchange.add('views', 0, ...Array.from({ length: 100 }, () => kib(100)))
    hub.add(new Reading(0))
    await world.advance(1_000)
    expect(await callsIn(10_000)).toBe(0)
  })

  test('tells all readers of a question that failed, and asks again ever more rarely', async () => {
    const readings = [new Reading(0), new Reading(1)]
    for (const reading of readings) hub.add(reading)
    await world.settle()
    const error = new Error('no route to host')
    exchange.failures.push(...Array.from({ length: 8 }, () => error))
    expect(await callsIn(10_000)).toBeLessThan(9)
    expect(warnings[0]).toBe('exchanges could not be read: no route to host')
    for (const { failures } of readings) expect(failures.every((each) => each === error)).toBe(true)
    expect(readings[0]?.failures.length).toBe(warnings.length)
    exchange.add('views', 1, kib(1))
    await world.advance(60_000)
    expect(readings[1]?.given).toBe(1)
    expect(readings[1]?.failures).toHaveLength(8)
  })

  test('is not made to ask sooner after a failure by readers that are opened again', async () => {
    exchange.failures.push(...Array.from({ length: 100 }, () => new Error('no route to host')))
    const readings = Array.from({ length: 20 }, (_, i) => new Reading(i))
    for (const reading of readings) hub.add(reading)
    await world.settle()
    for (let i = 0; i < 100; i++) {
      for (const reading of readings) hub.remove(reading)
      for (const reading of readings) hub.add(reading)
      await world.advance(10)
    }
    expect(exchange.calls.length).toBeLessThan(8)
  })

  test('gives nothing to a reader that has left in between', async () => {
    let answer = (): void => {}
    exchange.delay = new Promise((resolve) => (answer = resolve))
    const reading = new Reading(0)
    exchange.add('views', 0, kib(1))
    hub.add(reading)
    await world.settle()
    hub.remove(reading)
    answer()
    await world.settle()
    expect(reading.given).toBe(0)
  })

  test('closes at once, be it asking, waiting, failing or idle', async () => {
    await hub.close()
    for (const failures of [[], [new Error('no route to host')]]) {
      const other = new ExchangeHub({ backplane: exchange, world, log: silent })
      exchange.failures.push(...failures)
      other.add(new Reading(0))
      await world.settle()
      const { length } = exchange.calls
      await other.close()
      await world.advance(60_000)
      expect(exchange.calls).toHaveLength(length)
    }
  })
})
