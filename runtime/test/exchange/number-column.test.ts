import { ByteWriter } from '@millrace/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from '../../src/exchange/frame-reader.ts'
import { readNumbers, writeNumbers } from '../../src/exchange/number-column.ts'
import { runs } from './support/values.ts'

const written = (numbers: readonly number[]): Uint8Array => {
  const out = new ByteWriter(1)
  writeNumbers(out, numbers)
  return out.take()
}

test('numbers come back as they were', () => {
  const edge = 2 ** 51
  const number = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.constantFrom(0, -0, edge, -edge, edge - 1, 1 - edge, Infinity, -Infinity),
  )
  fc.assert(
    fc.property(fc.oneof(fc.array(number), fc.array(fc.constantFrom(0, edge - 1, 1 - edge, 5))), (numbers) => {
      const from = new FrameReader(written(numbers))
      expect([...readNumbers(from, numbers.length)]).toStrictEqual(numbers)
      expect(from.left).toBe(0)
    }),
    runs(500),
  )
})

test('times that are near each other take a byte or two', () => {
  const times = Array.from({ length: 1_000 }, (_, i) => 1_700_000_000_000 + i * 20 + (i % 7))
  expect(written(times).length).toBeLessThan(1_020)
})
