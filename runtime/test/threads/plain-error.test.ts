import { isMillraceError, MillraceError } from '@millrace/core'
import { expect, test } from 'vitest'
import { fromPlain, toPlain } from '../../src/threads/plain-error.ts'

const through = (error: unknown): Error => fromPlain(structuredClone(toPlain(error)))

test('an error of ours keeps its code, its place and what lies below', () => {
  const cause = new TypeError('no b')
  const error = new MillraceError('USER_CODE', 'words.map: no b', {
    cause,
    node: 'words.map',
    partition: 'p0',
    position: '1',
  })
  const copy = through(error)
  expect(isMillraceError(copy, 'USER_CODE')).toBe(true)
  expect(copy).toMatchObject({
    message: 'words.map: no b',
    node: 'words.map',
    partition: 'p0',
    position: '1',
    stack: error.stack,
  })
  expect(copy.cause).toMatchObject({ name: 'TypeError', message: 'no b', stack: cause.stack })
})

test('whether the same call may succeed later goes along', () => {
  expect(through(new MillraceError('BACKPLANE', 'gone', { retryable: true }))).toMatchObject({ retryable: true })
  expect(through(new MillraceError('BACKPLANE', 'gone'))).toMatchObject({ retryable: false })
})

test('several errors stay several', () => {
  const copy = through(new AggregateError([new Error('one'), new MillraceError('SINK', 'two')], 'both'))
  expect(copy).toBeInstanceOf(AggregateError)
  expect((copy as AggregateError).errors).toMatchObject([{ message: 'one' }, { code: 'SINK', message: 'two' }])
})

test('what is no error, or its own cause, goes through too', () => {
  expect(through('just text').message).toBe('just text')
  const circle = new Error('circle')
  circle.cause = circle
  expect(through(circle).message).toBe('circle')
})
