import { expect, test } from 'vitest'
import { threadArguments } from '../../src/threads/thread-arguments.ts'

test('conditions go to a thread, and nothing that it would refuse', () => {
  expect(
    threadArguments(['--max-old-space-size=100', '-C', 'one', '--conditions', 'two', '--conditions=three']),
  ).toEqual(['--conditions=one', '--conditions=two', '--conditions=three'])
  expect(threadArguments(['--max-old-space-size=100'])).toBeUndefined()
})
