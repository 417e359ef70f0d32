import { expect, test } from 'vitest'
import { durabilityOption } from '../../../src/cli/state/durability-option.ts'

test('says what output waits for', () => {
  expect(durabilityOption()).toBe('auto')
  expect(durabilityOption('none')).toBe('none')
  expect(durabilityOption('aof')).toEqual({ aof: true })
  expect(durabilityOption('replicas=2')).toEqual({ aof: false, replicas: 2 })
  expect(durabilityOption('aof,replicas=1')).toEqual({ aof: true, replicas: 1 })
})

test.for(['', 'some', 'aof,aof', 'replicas=', 'replicas=-1', 'replicas=1,replicas=2', 'aof,none'])(
  'refuses "%s"',
  (text) => {
    expect(() => durabilityOption(text)).toThrow("--durability: must be 'auto', 'none', 'aof'")
  },
)
