import { MillraceError } from '@millrace/core'
import { expect, test } from 'vitest'
import { problemsOf } from '../../src/cli/problems.ts'

test('takes a list apart, and the places from it', () => {
  const text = "topology 't' cannot run:\n  - no sink\n  - no source (at /a (b)/t.ts:3:14)"
  expect(problemsOf(new MillraceError('BAD_TOPOLOGY', text))).toEqual([
    { message: 'no sink' },
    { message: 'no source', at: '/a (b)/t.ts:3:14' },
  ])
})

test('takes any other message as the only problem', () => {
  expect(problemsOf(new MillraceError('BAD_TOPOLOGY', 'no such file'))).toEqual([{ message: 'no such file' }])
})
