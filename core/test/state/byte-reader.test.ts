import { ByteWriter } from '@millrace/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader } from '../../src/state/byte-reader.ts'
import { runs } from '../support/runs.ts'
import { texts } from './support.ts'

const corrupt = expect.objectContaining({ code: 'CORRUPT_STATE' }) as Error

type Item =
  | { readonly kind: 'varint'; readonly value: number }
  | { readonly kind: 'float64'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'text'; readonly value: string }

const items: fc.Arbitrary<readonly Item[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('varint' as const), value: fc.oneof(fc.nat(), fc.maxSafeNat()) }),
    fc.record({ kind: fc.constant('float64' as const), value: fc.double() }),
    fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array() }),
    fc.record({ kind: fc.constant('text' as const), value: texts.map((text) => text.replace(/\p{Cs}/gu, '?')) }),
  ),
)

function write(all: readonly Item[]): Uint8Array {
  const out = new ByteWriter(1)
  for (const item of all) {
    if (item.kind === 'varint') out.varint(item.value)
    else if (item.kind === 'float64') out.float64(item.value)
    else {
      const bytes = item.kind === 'text' ? new TextEncoder().encode(item.value) : item.value
      out.varint(bytes.length)
      out.bytes(bytes)
    }
  }
  return out.take()
}

function read(from: ByteReader, kind: Item['kind']): unknown {
  if (kind === 'varint') return from.varint()
  if (kind === 'float64') return from.float64()
  return kind === 'text' ? from.text(from.varint()) : from.bytes(from.varint()).slice()
}

test('reads what was written, in order, wherever the bytes lie in their buffer', () => {
  fc.assert(
    fc.property(items, fc.nat(9), (all, offset) => {
      const bytes = write(all)
      const shifted = new Uint8Array(offset + bytes.length + 5).fill(0xaa)
      shifted.set(bytes, offset)
      const from = new ByteReader(shifted.subarray(offset, offset + bytes.length))
      expect(all.map(({ kind }) => read(from, kind))).toEqual(all.map(({ value }) => value))
      expect(from.done).toBe(true)
    }),
    runs(300),
  )
})

test('tells bytes that end too early, and never reads past their end', () => {
  fc.assert(
    fc.property(
      items.filter((all) => write(all).length > 0),
      fc.nat(),
      (all, at) => {
        const bytes = write(all)
        const from = new ByteReader(bytes.subarray(0, at % bytes.length))
        expect(() => all.map(({ kind }) => read(from, kind))).toThrow(corrupt)
      },
    ),
    runs(300),
  )
})

test('tells a number that is no safe integer', () => {
  for (const bytes of [
    [0x80],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
    Array.from({ length: 300 }, () => 0x80),
    [...Array.from({ length: 300 }, () => 0x80), 0],
  ]) {
    expect(() => new ByteReader(new Uint8Array(bytes)).varint()).toThrow(corrupt)
  }
  expect(new ByteReader(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f])).varint()).toBe(
    Number.MAX_SAFE_INTEGER,
  )
})
