import { hopping, sliding } from '@millrace/core'
import { expect, test } from 'vitest'

test('is data: size and step in milliseconds', () => {
  expect(sliding({ size: '5m', every: '1m' })).toEqual({ kind: 'sliding', sizeMs: 300_000, everyMs: 60_000 })
})

test('may have windows that do not overlap', () => {
  expect(sliding({ size: '1m', every: '1m' })).toEqual({ kind: 'sliding', sizeMs: 60_000, everyMs: 60_000 })
})

test('refuses a step that does not divide the size', () => {
  expect(() => sliding({ size: '1m', every: '7s' })).toThrow('sliding: every (7000 ms) must divide size (60000 ms)')
})

test('refuses a step longer than the size, and none', () => {
  expect(() => sliding({ size: '1m', every: '2m' })).toThrow(
    'sliding: every (120000 ms) must not be longer than size (60000 ms)',
  )
  // @ts-expect-error -- `every` is missing
  expect(() => sliding({ size: '1m' })).toThrow('sliding: every: undefined is not a duration')
})

test('is also called hopping', () => {
  expect(hopping).toBe(sliding)
})
