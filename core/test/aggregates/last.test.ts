import { last } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'

aggregateConformance({
  test,
  expect,
  aggregate: last(),
  records: ['a', 'b', undefined, null, { c: 1 }, 0],
  oracle: (records) => records.at(-1),
})

test('asks for the place of its records', () => {
  expect(last().ordered).toBe(true)
})
