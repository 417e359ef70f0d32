import { count } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'

aggregateConformance({
  test,
  expect,
  aggregate: count(),
  records: [1, null, 'a', {}],
  oracle: (records) => records.length,
})

test('counts whatever the records are', () => {
  expect(count().measure).toBeUndefined()
})
