import { MillraceError } from '@millrace/core'
import { expect, test } from 'vitest'
import { causeChain, errorText } from '../../src/cli/error-text.ts'

const failed = new MillraceError('SINK', 'sink out: write failed', {
  node: 'out',
  partition: 'p0',
  position: '17',
  cause: new MillraceError('NO_SPACE', 'the disk is full'),
})

test('says what, where and what to do', () => {
  expect(errorText(failed, { debug: false })).toBe(`error: sink out: write failed
  code       SINK
  node       out
  partition  p0
  position   17
  hint       a start goes on from the last checkpoint; --log-level debug shows the cause
`)
})

test('says the causes when asked for more, without stacks of errors of ours', () => {
  expect(errorText(failed, { debug: true })).toMatch(/shows the cause\n {2}caused by {2}the disk is full\n$/)
})

test('says each of several errors', () => {
  const both = new AggregateError([new MillraceError('BAD_OPTION', 'a'), new MillraceError('BAD_OPTION', 'b')])
  expect(errorText(both, { debug: false })).toMatch(/^error: a\n.*\nerror: b\n/)
})

test('says whatever was thrown', () => {
  expect(errorText('a text', { debug: true })).toBe('error: a text\n')
})

test('does not follow causes round and round', () => {
  const a = new Error('a')
  const b = new Error('b', { cause: a })
  a.cause = b
  expect(causeChain(a)).toEqual([a, b])
})

test('does not let a message move the cursor', () => {
  expect(errorText(new MillraceError('BAD_RECORD', 'bad \x1b[2J\rthing'), { debug: false })).toMatch(
    /^error: bad \u{fffd}\[2J\u{fffd}thing\n/u,
  )
})
