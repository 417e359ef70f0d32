import { sum } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { machine } from './machine.ts'

describe('of integers', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: sum('n'),
    records: [0, 1, -1, 7, 255, -4096, 2 ** 31, 2 ** 52 + 1, -(2 ** 52) - 3, 10 ** 15 + 1].map((n) => ({ n })),
    oracle: (records) => Number(records.reduce((total, { n }) => total + BigInt(n), 0n)),
  })
})

describe('of other numbers', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: sum((r: { cents: number }) => r.cents / 100),
    records: [10, 20, 30, 1, 99, 123_456_789, -55].map((cents) => ({ cents })),
    oracle: (records) => expect.closeTo(records.reduce((total, { cents }) => total + cents, 0) / 100, 8),
  })
})

test('is exact for integers, in any order and any panes', () => {
  const panes = fc.array(fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), { minLength: 1 })
  fc.assert(
    fc.property(panes, (groups) => {
      const { total } = machine(sum((n: number) => n))
      expect(total(groups)).toBe(groups.flat().reduce((a, b) => a + b, 0) + 0)
    }),
  )
})

test('keeps what is small beside what is large', () => {
  const { total } = machine(sum((n: number) => n))
  expect(
    total([
      [1, 1e100],
      [1, -1e100],
    ]),
  ).toBe(2)
  expect(total([Array.from({ length: 10 }, () => 0.1)])).toBe(1)
})

test('subtracts a pane without a trace', () => {
  const { pane, merge, subtract, result, create } = machine(sum((n: number) => n))
  const large = pane([1e100, 3])
  const window = create()
  merge(window, large)
  merge(window, pane([0.25]))
  subtract(window, large)
  expect(result(window)).toBe(0.25)
})

test('gives Infinity, not NaN, when the sum is too large', () => {
  const { total } = machine(sum((n: number) => n))
  expect(total([[1e308, 1e308]])).toBe(Infinity)
})

test.each([NaN, Infinity, -Infinity, undefined, null, '1', 1n])('refuses %s', (x) => {
  const { refuses } = machine(sum((n: unknown) => n as number))
  expect(refuses(x)).toBe(true)
})
