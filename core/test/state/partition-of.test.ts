import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkKey, keyPartition, type Key } from '../../src/state/key.ts'
import { partitionOf } from '../../src/state/partition-of.ts'
import { runs } from '../support/runs.ts'
import { scalars, written } from './support.ts'

const partitions = fc.oneof(fc.constantFrom(1, 2, 64, 4096), fc.integer({ min: 1, max: 5000 }))
const expected = (key: Key, count: number): number => keyPartition(written(key), count)

test('the partition of a key is that of its stored form', () => {
  fc.assert(
    fc.property(scalars, partitions, (scalar, count) => {
      const key = checkKey(scalar)
      expect(partitionOf(key, count)).toBe(expected(key, count))
    }),
    runs(3000),
  )
})

test('also at the bounds of what is hashed without being stored', () => {
  const texts = ['', 'a', '\u007f', '\u0080', 'ä', 'aä', '\ud800', 'x'.repeat(63), 'x'.repeat(64), `${'x'.repeat(62)}ä`]
  const powers = [7, 14, 21, 28, 31, 32, 53].flatMap((bits) => [2 ** bits - 1, 2 ** bits, -(2 ** bits)])
  const others = [0, 1, -1, 1.5, Infinity, -Infinity, true, false, 0n, 1n, -1n, 2n ** 70n]
  for (const key of [...texts, ...powers, ...others])
    for (const count of [1, 2, 7, 64, 4096]) expect([key, partitionOf(key, count)]).toEqual([key, expected(key, count)])
})
