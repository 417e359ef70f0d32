import { aggregateOf, type Aggregate, isMillraceError } from '@millrace/core'
import { aggregateConformance } from '@millrace/core/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'

interface Trade {
  readonly price: number
  readonly amount: number
}

const trades: readonly Trade[] = [1, 2, 3, 5, 8, 13].map((price) => ({ price, amount: 21 - price }))

describe('with subtract', () => {
  const averagePrice = aggregateOf({
    version: 1,
    init: () => ({ paid: 0, amount: 0 }),
    add: (sum, trade: Trade) => ({ paid: sum.paid + trade.price * trade.amount, amount: sum.amount + trade.amount }),
    merge: (a, b) => ({ paid: a.paid + b.paid, amount: a.amount + b.amount }),
    subtract: (a, b) => ({ paid: a.paid - b.paid, amount: a.amount - b.amount }),
    result: ({ paid, amount }) => paid / amount,
  })
  expectTypeOf(averagePrice).toEqualTypeOf<Aggregate<Trade, number>>()
  const paid = (records: readonly Trade[]) => records.reduce((sum, { price, amount }) => sum + price * amount, 0)
  const amount = (records: readonly Trade[]) => records.reduce((sum, trade) => sum + trade.amount, 0)
  aggregateConformance({ test, expect, aggregate: averagePrice, records: trades, oracle: (r) => paid(r) / amount(r) })
})

describe('that changes its accumulator', () => {
  aggregateConformance({
    test,
    expect,
    aggregate: aggregateOf({
      version: 1,
      init: () => new Map<number, number>(),
      add: (seen, trade: Trade) => seen.set(trade.price, (seen.get(trade.price) ?? 0) + 1),
      merge(a, b) {
        for (const [price, times] of b) a.set(price, (a.get(price) ?? 0) + times)
        return a
      },
      result: (seen) => Math.max(...seen.values()),
    }),
    records: trades,
    oracle: (records) => Math.max(...trades.map(({ price }) => records.filter((r) => r.price === price).length)),
  })
})

test('calls its steps as methods of the definition', () => {
  const definition = {
    version: 1,
    step: 5,
    init: () => 0,
    add(n: number) {
      return n + this.step
    },
    merge: (a: number, b: number) => a + b,
    result: (n: number) => n,
  }
  const steps = aggregateOf(definition).steps((slot) => slot)
  const slots = { acc: 0 }
  steps.add(slots, undefined, 'x', 0, '', 0)
  expect(slots).toEqual({ acc: 5 })
})

test('refuses a version that is no whole number from 1', () => {
  const definition = {
    init: () => 0,
    add: (n: number) => n + 1,
    merge: (a: number, b: number) => a + b,
    result: (n: number) => n,
  }
  expect(() => aggregateOf({ ...definition, version: 0 })).toThrow(
    /aggregateOf: version is a whole number from 1, not 0/,
  )
  expect(() => aggregateOf({ ...definition, version: 1.5 })).toThrow(
    expect.toSatisfy((e) => isMillraceError(e, 'BAD_OPTION')),
  )
})
