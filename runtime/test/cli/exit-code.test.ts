import { type ErrorCode, errorCodes, MillraceError } from '@millrace/core'
import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-code.ts'

test('gives each error its exit code', () => {
  const others = { BAD_OPTION: 2, BAD_TOPOLOGY: 2, LEASE_HELD: 3, FENCED: 4, CHANGED_TOPOLOGY: 5, ROLLED_BACK: 6 }
  const codes = Object.keys(errorCodes).map((code) => [code, exitCodeOf(new MillraceError(code as ErrorCode, ''))])
  expect(Object.fromEntries(codes)).toEqual({ ...Object.fromEntries(codes.map(([code]) => [code, 1])), ...others })
  expect(exitCodeOf(new Error('a mistake'))).toBe(1)
})
