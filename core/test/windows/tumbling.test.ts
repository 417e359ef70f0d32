import { tumbling } from '@millrace/core'
import { expect, test } from 'vitest'

test('is data: its size in milliseconds', () => {
  expect(tumbling('1m')).toEqual({ kind: 'tumbling', sizeMs: 60_000 })
  expect(tumbling(250)).toEqual({ kind: 'tumbling', sizeMs: 250 })
  expect(Object.isFrozen(tumbling('1m'))).toBe(true)
})

test('refuses a size that is zero, negative, a fraction or no duration', () => {
  expect(() => tumbling(0)).toThrow('tumbling: size: must be longer than zero')
  expect(() => tumbling(-1)).toThrow('tumbling: size: -1 is not a duration')
  expect(() => tumbling('0.5ms')).toThrow('tumbling: size: must be whole milliseconds, not 0.5')
  // @ts-expect-error -- as from JavaScript
  expect(() => tumbling('1 minute')).toThrow('tumbling: size: "1 minute" is not a duration')
})
