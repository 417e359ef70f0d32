import { expect, test } from 'vitest'
import { stateStoreTarget } from '../../../src/cli/state/state-store-target.ts'

test('is the Redis of the job, or a folder', () => {
  expect(stateStoreTarget(undefined, '/here')).toEqual({ type: 'redis' })
  expect(stateStoreTarget('redis', '/here')).toEqual({ type: 'redis' })
  expect(stateStoreTarget('file:state', '/here')).toEqual({ type: 'file', dir: '/here/state' })
  expect(stateStoreTarget('file:/var/state', '/here')).toEqual({ type: 'file', dir: '/var/state' })
  expect(stateStoreTarget('file:///var/my%20state', '/here')).toEqual({ type: 'file', dir: '/var/my state' })
})

test.for(['', '/var/state', 'file:', 's3://bucket'])('refuses "%s"', (text) => {
  expect(() => stateStoreTarget(text, '/')).toThrow("--state-store: must be 'redis', or file:")
})
