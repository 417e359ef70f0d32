import type { ExchangeRows } from '@millrace/core'
import { expect, test } from 'vitest'
import { FrameDecoder } from '../../src/exchange/frame-decoder.ts'
import { splitFrames } from '../../src/exchange/frame-entry.ts'
import { openFrame } from '../../src/exchange/frame.ts'
import { Outbox } from '../../src/exchange/outbox.ts'
import { row, type Row, rowsOf, sentTo, where } from './support/rows.ts'

const none = (): never => {
  throw new Error('nothing is refused here')
}

const one = (partition: number, rows: readonly Row[]): Map<number, ExchangeRows> => new Map([[partition, rowsOf(rows)]])

const numbered = (from: number, to: number, text = ''): Row[] =>
  Array.from({ length: to - from }, (_, i) => row({ value: { n: from + i, text }, sequence: from + i }))

/** Text that does not get smaller. */
const noise = (length: number): string => {
  let seed = 7
  return Array.from({ length }, () => String.fromCharCode(33 + ((seed = (seed * 48_271) % 2_147_483_647) % 90))).join(
    '',
  )
}

test('gives what was added to each partition in one entry, in order', () => {
  const outbox = new Outbox(none)
  outbox.add(
    'views',
    new Map([
      [0, rowsOf(numbered(0, 3))],
      [2, rowsOf(numbered(3, 5))],
    ]),
  )
  outbox.add('users', one(0, numbered(9, 10)))
  outbox.add('views', one(0, numbered(5, 6)))
  const taken = outbox.take()
  expect(taken.map(({ exchange, partition }) => [exchange, partition])).toEqual([
    ['views', 0],
    ['views', 2],
    ['users', 0],
  ])
  const views = taken.filter(({ exchange }) => exchange === 'views')
  expect(sentTo(0, views).map(({ sequence }) => sequence)).toEqual([0, 1, 2, 5])
  expect(sentTo(2, views).map(({ sequence }) => sequence)).toEqual([3, 4])
})

test('has nothing once all was taken, and then begins again', () => {
  const outbox = new Outbox(none)
  outbox.add('views', one(0, numbered(0, 3)))
  outbox.take()
  expect(outbox.take()).toEqual([])
  outbox.add('views', one(0, numbered(3, 4)))
  expect(sentTo(0, outbox.take()).map(({ sequence }) => sequence)).toEqual([3])
})

test('sends no frame for no rows', () => {
  const outbox = new Outbox(none)
  outbox.add('views', one(0, []))
  expect(outbox.take()).toEqual([])
})

test('sends partial aggregates behind the rows that came before', () => {
  const outbox = new Outbox(none)
  outbox.add('views', one(1, numbered(0, 2)))
  outbox.addPartials('views', new Map([[1, new Uint8Array([7, 8])]]))
  const [entry, ...others] = outbox.take()
  expect(others).toEqual([])
  const frames = new FrameDecoder().decode(entry?.bytes ?? new Uint8Array(), where)
  expect(frames).toMatchObject([{ kind: 'rows' }, { kind: 'partials', partials: new Uint8Array([7, 8]) }])
})

test('closes frames at about 64 KiB and puts at most about 256 KiB into an entry, whatever the size of the rows', () => {
  for (const size of [0, 100, 3_000, 40_000]) {
    const outbox = new Outbox(none)
    const rows = numbered(0, Math.min(5_000, Math.ceil(700_000 / (size + 60)))).map((each, i) =>
      row({ ...each, value: { n: i, text: noise(size) + String(i) } }),
    )
    for (let from = 0; from < rows.length; from += 1_024) outbox.add('views', one(0, rows.slice(from, from + 1_024)))
    const taken = outbox.take()
    const raw = taken.flatMap(({ bytes }) => splitFrames(bytes)).map((frame) => openFrame(frame).body.length)
    expect(Math.max(...raw)).toBeLessThan(64 * 1024 + 64 * 1024)
    expect(Math.max(...taken.map(({ bytes }) => bytes.length))).toBeLessThan(256 * 1024)
    expect(sentTo(0, taken)).toEqual(rows)
  }
})

test('knows how much waits, about', () => {
  const outbox = new Outbox(none)
  expect(outbox.bytes).toBe(0)
  for (let i = 0; i < 200; i++) outbox.add('views', one(i % 4, numbered(0, 10, noise(500))))
  const waiting = outbox.bytes
  const sent = outbox.take().reduce((sum, { bytes }) => sum + bytes.length, 0)
  expect(waiting).toBeGreaterThan(sent * 0.9)
  expect(waiting).toBeLessThan(200 * 10 * 700)
  expect(outbox.bytes).toBe(0)
})

test('tells of a row that cannot be sent, and sends the others', () => {
  const told: unknown[] = []
  const outbox = new Outbox((exchange, rows, at, error) =>
    told.push([exchange, rows.sequences[at], error instanceof Error && error.message]),
  )
  const broken = row({ sequence: 7, value: { next: () => {} } })
  outbox.add('views', one(0, [...numbered(0, 2), broken, ...numbered(3, 400)]))
  expect(told).toEqual([['views', 7, expect.stringContaining('a function cannot be sent to another stage')]])
  expect(sentTo(0, outbox.take())).toHaveLength(399)
})

test('sends nothing where nothing can be sent', () => {
  const outbox = new Outbox(() => {})
  outbox.add('views', one(0, [row({ value: Symbol('s') })]))
  expect(outbox.take()).toEqual([])
  expect(outbox.bytes).toBe(0)
})

test('has short frames, also after records that all had other fields', () => {
  const outbox = new Outbox(none)
  const dictionaries = Array.from({ length: 500 }, (_, i) => row({ value: { [`name-of-${i}`]: i } }))
  outbox.add('views', one(0, dictionaries))
  expect(sentTo(0, outbox.take())).toEqual(dictionaries)
  outbox.add('views', one(0, [row()]))
  const [entry] = outbox.take()
  expect(entry?.bytes.length).toBeLessThan(60)
})
