import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkKey, joinKey, keyPartition, splitKey, type Key } from '../../src/state/key.ts'
import { runs } from '../support/runs.ts'
import { scalars, written } from './support.ts'

const keys = fc.array(scalars, { minLength: 1, maxLength: 4 })

/** Equal as keys: 0 and −0 are. */
const same = (a: readonly Key[], b: readonly Key[]): boolean =>
  a.length === b.length && a.every((part, i) => part === b[i])

describe('a key of several parts', () => {
  test('is split into what it was joined of, with its types', () => {
    fc.assert(
      fc.property(keys, (parts) => {
        expect(same(splitKey(joinKey(parts)), parts)).toBe(true)
      }),
      runs(1000),
    )
  })

  test('is another for other parts', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(joinKey(a) === joinKey(b)).toBe(same(a, b))
      }),
      runs(1000),
    )
    const alike: Key[][] = [
      ['a', 'b'],
      ['ab'],
      ['ab', ''],
      ['', 'ab'],
      ['a'],
      ['a', ''],
      [1, 1],
      ['1', '1'],
      [11],
      ['11'],
      [1n, 1],
      [true],
      ['true'],
      ['st1:a'],
      ['st1:', 'a'],
      ['1:a'],
    ]
    expect(new Set(alike.map(joinKey)).size).toBe(alike.length)
  })

  test('is another when stored, for texts that UTF-8 cannot tell apart too', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(Buffer.compare(written(joinKey(a)), written(joinKey(b))) === 0).toBe(same(a, b))
      }),
      runs(500),
    )
  })

  test('refuses a part that is none', () => {
    for (const part of [undefined, null, NaN, {}, [], Symbol('s'), () => 1])
      expect(() => joinKey(['a', part])).toThrow(expect.objectContaining({ code: 'BAD_KEY' }) as Error)
  })
})

test('a key is a string, bigint, boolean or number, and −0 is 0', () => {
  for (const key of ['', 'a', 0, -1.5, Infinity, 5n, true, false]) expect(checkKey(key)).toBe(key)
  expect(Object.is(checkKey(-0), 0)).toBe(true)
  for (const none of [undefined, null, NaN, {}, [], new Date(0), Symbol('s')])
    expect(() => checkKey(none)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }) as Error)
})

describe('the exchange partition of a key', () => {
  test('is written down: it is part of the stored format, and must never change', () => {
    const vectors: readonly (readonly [Key, number, number, number, number])[] = [
      ['', 1, 9, 73, 1881],
      ['a', 0, 8, 44, 1832],
      ['user-42', 0, 4, 56, 3092],
      ['ä', 1, 7, 51, 3303],
      ['😀', 0, 0, 52, 2976],
      ['\ufeff', 1, 13, 69, 1053],
      ['\ud800', 0, 14, 58, 2990],
      ['x'.repeat(100), 1, 1, 89, 3393],
      [0, 1, 7, 59, 631],
      [1, 1, 11, 31, 1051],
      [-1, 1, 9, 13, 1721],
      [1.5, 1, 1, 1, 2001],
      [2 ** 53, 0, 0, 32, 896],
      [Infinity, 0, 6, 30, 2182],
      [true, 1, 9, 33, 3529],
      [false, 1, 13, 61, 861],
      [1n, 0, 12, 0, 3612],
      [-(2n ** 70n), 0, 8, 20, 712],
      [joinKey(['a', 1]), 1, 5, 73, 2501],
    ]
    for (const [key, ...partitions] of vectors)
      expect([key, ...[2, 16, 100, 4096].map((n) => keyPartition(written(key), n))]).toEqual([key, ...partitions])
  })

  test('is a whole number below the number of partitions', () => {
    fc.assert(
      fc.property(scalars, fc.integer({ min: 1, max: 5000 }), (key, partitions) => {
        const partition = keyPartition(written(key), partitions)
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true)
      }),
      runs(500),
    )
  })

  test.each([
    ['numbers', (i: number): Key => i],
    ['names with a number', (i: number): Key => `user-${i}`],
    ['numbers with zeros in front', (i: number): Key => String(i).padStart(10, '0')],
    ['big steps', (i: number): Key => i * 4096],
    ['bigints', (i: number): Key => BigInt(i) << 40n],
  ])('spreads %s evenly', (_, keyOf) => {
    for (const partitions of [7, 16, 64]) {
      const counts = new Float64Array(partitions)
      for (let i = 0; i < 10_000; i++) {
        const partition = keyPartition(written(keyOf(i)), partitions)
        counts[partition] = (counts[partition] ?? 0) + 1
      }
      const expected = 10_000 / partitions
      const chi = counts.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0)
      // Far outside of what chance gives: mean `partitions`, variance twice that.
      expect(chi).toBeLessThan(partitions + 6 * Math.sqrt(2 * partitions))
    }
  })
})
