import { expect, test } from 'vitest'
import { bytes, count, instant, span } from '../../../src/cli/text/amounts.ts'

test('writes amounts as people do', () => {
  expect([0, 999, 1_000, 1_234_567.8].map(count)).toEqual(['0', '999', '1,000', '1,234,568'])
  expect([0, 1_023, 1_024, 1_500_000, 2 ** 50].map(bytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.4 MiB',
    '1024.0 TiB',
  ])
})

test('writes spans in their two largest units', () => {
  const spans = [-5, 0, 999.4, 1_000, 59_990, 60_000, 200_000, 3_600_000, 7_500_000, 90_000_000]
  expect(spans.map(span)).toEqual(['0ms', '0ms', '999ms', '1s', '59.9s', '1m', '3m 20s', '1h', '2h 5m', '1d 1h'])
})

test('writes moments in UTC, and watermarks that are none', () => {
  const moments = [0, 1_500, Date.UTC(2026, 0, 31, 12), Infinity, -Infinity, NaN, 1e300]
  expect(moments.map(instant)).toEqual([
    '1970-01-01 00:00:00Z',
    '1970-01-01 00:00:01.500Z',
    '2026-01-31 12:00:00Z',
    'the end',
    '-',
    '-',
    '-',
  ])
})
