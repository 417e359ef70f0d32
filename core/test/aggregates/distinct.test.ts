import { distinct } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'
import { machine } from './machine.ts'

aggregateConformance({
  test,
  expect,
  aggregate: distinct('v'),
  records: ['a', 'b', '1', 1, 1n, 0, -0, NaN, true, 'true', ''].map((v) => ({ v })),
  oracle: (records) => new Set(records.map(({ v }) => v)).size,
})

test.each([undefined, null, [], {}, Symbol.iterator])('refuses %s', (x) => {
  const { refuses } = machine(distinct((v: unknown) => v as string))
  expect(refuses(x)).toBe(true)
})
