import { min } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { describe, expect, test } from 'vitest'
import { machine } from './machine.ts'

const numbers = [0, -0, 1, -1, 1e-300, -1e300, 42.5, Infinity, -Infinity]

describe('of a field', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: min('n'),
    records: numbers.map((n) => ({ n })),
    oracle: (records) => Math.min(...records.map(({ n }) => n)),
  })
})

describe('of a function', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: min((r: { n: number }) => -r.n),
    records: numbers.map((n) => ({ n })),
    oracle: (records) => Math.min(...records.map(({ n }) => -n)),
  })
})

test.each([NaN, undefined, null, '1', 1n, new Date(0)])('refuses %s', (x) => {
  const { refuses } = machine(min((n: unknown) => n as number))
  expect(refuses(x)).toBe(true)
})

test('cannot subtract', () => {
  expect(min('n').code).not.toHaveProperty('subtract')
})
