import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyValue } from '../../src/state/copy-value.ts'
import { runs } from '../support/runs.ts'
import { storable } from './support.ts'

/** All objects in a value. */
function* objectsIn(value: unknown): Iterable<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  const inner = value instanceof Map ? [...value].flat() : value instanceof Set ? value : Object.values(value)
  for (const item of inner as Iterable<unknown>) yield* objectsIn(item)
}

test('a copy is equal, and shares nothing with its original', () => {
  fc.assert(
    fc.property(storable, (value) => {
      const copy = copyValue(value)
      expect(copy).toStrictEqual(value)
      const originals = new Set(objectsIn(value))
      expect([...objectsIn(copy)].filter((object) => originals.has(object))).toEqual([])
    }),
    runs(300),
  )
})

test('what state cannot hold is given back as it is', () => {
  const odd = [() => 1, Symbol('s'), /a/, new (class Point {})()]
  for (const value of odd) expect(copyValue(value)).toBe(value)
})
