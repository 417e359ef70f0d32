import { expect, test } from 'vitest'
import { shareTerminal } from '../../../src/cli/run/shared-terminal.ts'

test('tells of what others write, and whether a line is open then', () => {
  const calls: unknown[] = []
  const stream = {
    write(...args: readonly unknown[]): boolean {
      calls.push(['write', ...args])
      return true
    },
  }
  const own: unknown = Reflect.get(stream, 'write')
  const unshare = shareTerminal(stream, {
    before: () => calls.push('before'),
    after: (atLineStart) => calls.push(atLineStart),
  })
  const done = (): void => {}
  expect(stream.write('a line\n', done)).toBe(true)
  stream.write('half a line')
  stream.write(new TextEncoder().encode('\n'))
  unshare()
  expect(calls.filter((call) => !Array.isArray(call))).toEqual(['before', true, 'before', false, 'before', true])
  expect(calls[1]).toEqual(['write', 'a line\n', done])
  expect(Reflect.get(stream, 'write')).toBe(own)
})
