import { mean } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { machine } from './machine.ts'

describe('of integers', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: mean('n'),
    records: [0, 1, -1, 7, 255, -4096, 2 ** 31, 10 ** 12 + 1].map((n) => ({ n })),
    oracle: (records) => Number(records.reduce((total, { n }) => total + BigInt(n), 0n)) / records.length,
  })
})

test('keeps what is small beside what is large', () => {
  const { total } = machine(mean((n: number) => n))
  expect(
    total([
      [1e100, 1],
      [-1e100, 2],
    ]),
  ).toBe(0.75)
})

test.each([NaN, Infinity, undefined, null, '1'])('refuses %s', (x) => {
  const { refuses } = machine(mean((n: unknown) => n as number))
  expect(refuses(x)).toBe(true)
})
