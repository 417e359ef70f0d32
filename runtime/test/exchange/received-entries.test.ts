import { expect, test } from 'vitest'
import { FrameDecoder } from '../../src/exchange/frame-decoder.ts'
import { joinFrames } from '../../src/exchange/frame-entry.ts'
import { sealFrame } from '../../src/exchange/frame.ts'
import { ReceivedEntries } from '../../src/exchange/received-entries.ts'
import { frameOf, row, where } from './support/rows.ts'

const decoder = new FrameDecoder()

const received = (...frames: readonly Uint8Array[]): ReceivedEntries => {
  const entries = new ReceivedEntries()
  entries.add(frames.flatMap((frame, i) => joinFrames([frame]).map((bytes) => ({ position: String(i + 1), bytes }))))
  return entries
}

const take = (entries: ReceivedEntries): readonly string[] =>
  entries.take(({ bytes }) => decoder.decode(bytes, where)).positions

const rows = (count: number): Uint8Array => frameOf(Array.from({ length: count }, () => row()))

const partials = (bytes: number): Uint8Array => sealFrame({ kind: 'partials', body: new Uint8Array(bytes) })

test('entries are joined until there are about 8,192 rows', () => {
  const entries = received(rows(5_000), rows(3_000), rows(500), rows(1), rows(9_000), rows(1))
  expect(take(entries)).toEqual(['1', '2', '3'])
  expect(take(entries)).toEqual(['4', '5'])
  expect(take(entries)).toEqual(['6'])
  expect(take(entries)).toEqual([])
})

test('entries are joined until there are about 1 MiB before compression', () => {
  const entries = received(partials(600_000), partials(600_000), partials(10), partials(3_000_000), partials(10))
  expect(take(entries)).toEqual(['1', '2'])
  expect(take(entries)).toEqual(['3', '4'])
  expect(take(entries)).toEqual(['5'])
})

test('bytes that wait are those of entries that were not taken, as they were read', () => {
  const sizeOf = (frame: Uint8Array): number => joinFrames([frame])[0]?.length ?? 0
  const entries = received(rows(9_000), rows(2))
  expect(entries.bytes).toBe(sizeOf(rows(9_000)) + sizeOf(rows(2)))
  take(entries)
  expect(entries.bytes).toBe(sizeOf(rows(2)))
  take(entries)
  expect(entries.bytes).toBe(0)
})
