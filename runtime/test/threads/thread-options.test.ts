import { expect, test } from 'vitest'
import { resolveThreadOptions, type ThreadOptions } from '../../src/threads/thread-options.ts'

const module = import.meta.url
const resolve = (options: unknown, isShared = false) => resolveThreadOptions(options as ThreadOptions, isShared)

test('one thread is none more', () => {
  expect(resolveThreadOptions(undefined, false)).toBeUndefined()
  expect(resolve({ count: 1, module })).toBeUndefined()
  expect(resolve({ count: 2, module: new URL(module) })).toEqual({ count: 2, module, set: undefined })
})

test.for([
  [{ count: 0, module }, 'threads.count: 0 must be a whole number from 1 to 256'],
  [{ count: 1.5, module }, 'threads.count: 1.5 must be'],
  [{ count: '2', module }, 'threads.count: "2" must be'],
  [{ count: 2, module: 'topology.ts' }, 'threads.module: must be the URL of the module'],
  [{ count: 2 }, 'threads.module: must be the URL'],
  [{ count: 2, module, set: { password: () => '' } }, 'threads.set: has a value that cannot go to a thread'],
] as const)('refuses %j', ([options, message]) => {
  expect(() => resolve(options)).toThrow(message)
})

test('workers that share a job use cores by their number', () => {
  expect(() => resolve({ count: 2, module }, true)).toThrow('threads: workers that share a job')
})
