import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlain } from '../../src/exchange/plain-value.ts'
import { unwrap, wrap } from '../../src/exchange/wrapped-value.ts'
import { runs, sendable } from './support/values.ts'

/** With bytes for leaves, as those come through msgpackr without extensions too. */
const isPlainButBytes = (value: unknown): boolean => {
  if (value instanceof Uint8Array) return true
  if (typeof value !== 'object' || value === null) return isPlain(value)
  return (
    isPlain(Object.fromEntries(Object.keys(value).map((name) => [name, 0]))) &&
    Object.values(value).every(isPlainButBytes)
  )
}

test('what is wrapped is plain, and comes out as it was', () => {
  fc.assert(
    fc.property(sendable, (value) => {
      const wrapped = wrap(value)
      expect(isPlainButBytes(wrapped)).toBe(true)
      deepStrictEqual(unwrap(wrapped), value)
    }),
    runs(300),
  )
})

test('the value itself is left as it is', () => {
  const value = Object.freeze({ at: new Date(0), tags: Object.freeze([-0]) })
  wrap(value)
  expect(value).toEqual({ at: new Date(0), tags: [-0] })
})

test('an object without a prototype becomes one with it', () => {
  expect(unwrap(wrap(Object.assign(Object.create(null) as object, { a: 1 })))).toStrictEqual({ a: 1 })
})

test('a kind that this release does not know is an error', () => {
  expect(() => unwrap([99, 1])).toThrow('a value of unknown kind 99')
})
