import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterRecord, atRecord, atTime, comparePositions, earliest, parsePosition } from '../../src/reading/position.ts'

const large = '49590338271490256608559692538361571095921575989136588898'

test('orders what is longer than any number', () => {
  const next = String(BigInt(large) + 1n)
  expect(comparePositions(afterRecord(large), afterRecord(next))).toBeLessThan(0)
  expect(comparePositions(afterRecord('9'), afterRecord('10'))).toBeLessThan(0)
})

test('orders the members of an aggregate, and the whole behind them', () => {
  const inOrder = [
    earliest,
    atTime(5),
    atTime(6),
    atRecord('7'),
    afterRecord('7', 0),
    atRecord('7', 1),
    afterRecord('7', 1),
    afterRecord('7', 12),
    afterRecord('7'),
    atRecord('8'),
  ]
  for (let i = 1; i < inOrder.length; i++)
    expect(comparePositions(inOrder[i - 1] as string, inOrder[i] as string)).toBeLessThan(0)
})

test('up to when everything was read does not matter to the order', () => {
  expect(comparePositions(afterRecord(large, 2, 1_000), afterRecord(large, 2, 9_000))).toBe(0)
})

test('reads what it has written', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 128n),
      fc.option(fc.nat(), { nil: undefined }),
      fc.option(fc.nat(), { nil: undefined }),
      (n, sub, upTo) => {
        const position = afterRecord(String(n), sub, upTo)
        expect(parsePosition(position)).toEqual({ type: 'after', sequenceNumber: String(n), sub, readUpTo: upTo })
      },
    ),
  )
})

test('refuses what no source has made', () => {
  expect(() => parsePosition('shard-1')).toThrow(/'shard-1' is no position/)
})
