import { expect, test } from 'vitest'
import { TaskRate } from '../../src/cluster/task-rate.ts'

test('the first measurement counts in full, later ones by three tenths', () => {
  const rate = new TaskRate(1_000)
  expect(rate.measure(500, 2_000)).toBe(500)
  expect(rate.measure(500, 3_000)).toBeCloseTo(350)
  expect(rate.measure(1_500, 4_000)).toBeCloseTo(350 + 0.3 * 650)
})

test('two looks at one instant give the same answer', () => {
  const rate = new TaskRate(0)
  const first = rate.measure(100, 1_000)
  expect(rate.measure(200, 1_000)).toBe(first)
})
