import { ByteWriter } from '@millrace/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../src/exchange/frame-reader.ts'

test('reads what a ByteWriter has written', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger().map(Math.abs)), fc.double(), fc.uint8Array(), (numbers, double, bytes) => {
      const out = new ByteWriter(1)
      for (const number of numbers) out.varint(number)
      out.float64(double)
      out.bytes(bytes)
      const from = new FrameReader(out.take())
      expect(numbers.map(() => from.varint())).toEqual(numbers)
      expect(from.float64()).toBe(double)
      expect(from.bytes(bytes.length)).toEqual(bytes)
      expect(from.left).toBe(0)
    }),
  )
})

test.each<[string, (from: FrameReader) => unknown]>([
  ['a byte', (from) => from.byte()],
  ['a varint', (from) => from.varint()],
  ['a double', (from) => from.float64()],
  ['bytes', (from) => from.bytes(4)],
  ['a text', (from) => from.text()],
  ['a count of more than there can be', (from) => from.count()],
])('does not read past the end: %s', (_, read) => {
  const bytes = new Uint8Array([255, 255, 255, 255, 255, 255, 255])
  for (let from = 0; from <= bytes.length; from++) {
    const reader = new FrameReader(bytes.subarray(from))
    for (let i = 0; i < from; i++) if (reader.left > 0) reader.byte()
    if (reader.left < 4) expect(() => [read(reader), read(reader), read(reader), read(reader)]).toThrow(Error)
  }
})

test('a number that is too large is an error, not another number', () => {
  expect(() => new FrameReader(new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 127])).varint()).toThrow(
    'too large',
  )
})
