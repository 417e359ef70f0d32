import { session } from '@millrace/core'
import { expect, test } from 'vitest'

test('is data: its gap in milliseconds', () => {
  expect(session({ gap: '30m' })).toEqual({ kind: 'session', gapMs: 1_800_000 })
})

test('refuses a gap of zero', () => {
  expect(() => session({ gap: 0 })).toThrow('session: gap: must be longer than zero')
})
