import { expect, test } from 'vitest'
import { RateMeter } from '../../../src/cli/run/rate-meter.ts'

test('gives the rate of the last seconds', () => {
  const meter = new RateMeter()
  const rates = [
    [1_000, 100],
    [2_000, 300],
    [3_000, 600],
    [4_000, 600],
    [5_000, 600],
    [6_000, 600],
  ].map(([elapsedMs = 0, records = 0]) => meter.add({ elapsedMs, records }))
  expect(rates).toEqual([100, 150, 200, 500 / 3, 100, 0])
})

test('says zero as long as no time has passed', () => {
  expect(new RateMeter().add({ elapsedMs: 0, records: 5 })).toBe(0)
})
