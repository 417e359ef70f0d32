import { aggregateOf, sum, type Aggregate } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { expect, test } from 'vitest'

const numbers = [1, 2, 3, 5, 8, 13]
const total = (records: readonly number[]): number => records.reduce((a, b) => a + b, 0)

/** Names of the tests of the suite that fail, without the kind of the aggregate. */
async function failures(
  aggregate: Aggregate<number, unknown>,
  oracle: (records: readonly number[]) => unknown,
): Promise<string[]> {
  const failed: string[] = []
  const runs: Promise<void>[] = []
  const collect = (name: string, run: () => Promise<void>): void => {
    runs.push(run().catch(() => void failed.push(name.replace(/^\w+ as /, ''))))
  }
  aggregateConformance({ test: collect, expect, aggregate, records: numbers, oracle })
  await Promise.all(runs)
  return failed
}

const add = {
  version: 1,
  init: () => 0,
  add: (a: number, n: number) => a + n,
  merge: (a: number, b: number) => a + b,
  result: (a: number) => a,
}

test('passes what keeps the contract', async () => {
  expect(await failures(aggregateOf(add), total)).toEqual([])
})

test('fails what minds the grouping', async () => {
  const lastOnly = aggregateOf({ ...add, merge: (_, b) => b })
  expect(await failures(lastOnly, total)).toEqual([
    'code: gives the same however records are grouped',
    'steps: gives the same however records are grouped',
  ])
})

test('fails a merge that keeps hold of what it merged', async () => {
  const list = aggregateOf({
    version: 1,
    init: (): number[] => [],
    add(all, n: number) {
      all.push(n)
      return all
    },
    merge(a, b) {
      if (a.length === 0) return b
      a.push(...b)
      return a
    },
    result: (all) => all.length,
  })
  expect(await failures(list, (records) => records.length)).toEqual([
    'code: leaves alone what it merges',
    'steps: leaves alone what it merges',
  ])
})

test('fails a subtraction that leaves a trace', async () => {
  const maximum = aggregateOf({ ...add, init: () => 0, add: Math.max, merge: Math.max, subtract: (a) => a })
  expect(await failures(maximum, (records) => Math.max(...records))).toEqual([
    'code: gives what is left when panes leave a sliding window',
    'steps: gives what is left when panes leave a sliding window',
  ])
})

test('fails a form that does another thing than the other', async () => {
  const real = sum((n: number) => n)
  const wrong = { ...real, code: { ...real.code, result: 'A.s + 1', refuse: 'X === 13' } }
  expect(await failures(wrong, total)).toEqual([
    'code: takes every record',
    'code: gives the same however records are grouped',
    'code: leaves alone what it merges',
    'code: gives what is left when panes leave a sliding window',
  ])
})
