import { collect, type Slots } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'

aggregateConformance({
  test,
  expect,
  aggregate: collect(),
  records: ['a', 'b', undefined, null, { c: 1 }, 0],
  oracle: (records) => records,
})

test('orders by time, then partition by code unit, then position', () => {
  const steps = collect<string>().steps((slot) => slot)
  const slots: Slots = { items: [] }
  const add = (value: string, time: number, partition: string, sequence: number) =>
    steps.add(slots, undefined, value, time, partition, sequence)
  add('fifth', 2, 'a', 0)
  add('fourth', 1, 'ä', 0)
  add('third', 1, 'b', 10)
  add('second', 1, 'b', 9)
  add('first', 1, 'B', 11)
  expect(steps.result(slots)).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
  expect(steps.result(slots)).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
})
