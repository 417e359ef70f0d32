import { expect, test } from 'vitest'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const take = (seed: number, n: number): number[] => Array.from({ length: n }, seededRandom(seed))

test('gives the same numbers for the same seed, and others for another', () => {
  expect(take(1, 100)).toEqual(take(1, 100))
  expect(take(1, 100)).not.toEqual(take(2, 100))
})

test('spreads over 0 up to, not including, 1', () => {
  const numbers = take(7, 10_000)
  expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true)
  const tenths = Array.from({ length: 10 }, (_, i) => numbers.filter((x) => Math.floor(x * 10) === i).length)
  expect(Math.min(...tenths)).toBeGreaterThan(850)
})
