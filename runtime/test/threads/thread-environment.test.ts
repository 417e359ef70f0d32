import { expect, test } from 'vitest'
import { threadEnvironment } from '../../src/threads/thread-environment.ts'

test('conditions go to a thread, and nothing that it would refuse', () => {
  const given = ['--max-old-space-size=100', '-C', 'one', '--conditions', 'two', '--conditions=three']
  expect(threadEnvironment(given, undefined)).toEqual({
    execArgv: ['--conditions=one', '--conditions=two', '--conditions=three'],
  })
  expect(threadEnvironment(['--max-old-space-size=100'], undefined)).toEqual({})
})

test('a thread keeps compiled modules where its process does', () => {
  const { env } = threadEnvironment([], '/cache/v24-x64')
  expect(env).toEqual({ ...process.env, NODE_COMPILE_CACHE: '/cache' })
})
