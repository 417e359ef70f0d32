import { first } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'

aggregateConformance({
  test,
  expect,
  aggregate: first(),
  records: ['a', 'b', undefined, null, { c: 1 }, 0],
  oracle: (records) => records.at(0),
})

test('asks for the place of its records', () => {
  expect(first().ordered).toBe(true)
})
