import { inspect } from 'node:util'
import { MillraceError } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { redisError } from '../../../src/backplane/redis/redis-error.ts'

const reply = (text: string): Error => Object.assign(new Error(text), { name: 'ReplyError' })

describe('an error of a Redis', () => {
  test.each([
    'LOADING Redis is loading the dataset in memory',
    'READONLY You can not write against a read only replica',
    'MASTERDOWN Link with MASTER is down',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    "OOM command not allowed when used memory > 'maxmemory'",
  ])('may be another one later: %s', (text) => {
    expect(redisError(reply(text), 'redis://a:1')).toMatchObject({ code: 'BACKPLANE', retryable: true })
  })

  test.each(['Command timed out', 'Connection is closed.', 'connect ECONNREFUSED 127.0.0.1:1'])(
    'leaves the outcome open: %s',
    (text) => {
      expect(redisError(new Error(text), 'redis://a:1')).toMatchObject({
        code: 'BACKPLANE',
        retryable: true,
        message: `redis://a:1: no answer: ${text}; see whether it runs and can be reached`,
      })
    },
  )

  test.each([
    ['WRONGPASS invalid username-password pair', 'give the right user name and password'],
    ['NOAUTH Authentication required.', 'give a password'],
    ["ERR unknown command 'EVALSHA'", 'it has to be Redis 7.0 or later, or Valkey'],
    ["ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'", 'it has to be Redis 7.0'],
  ])('says what to do where a repeat would not help: %s', (text, cure) => {
    const error = redisError(reply(text), 'redis://a:1')
    expect(error.retryable).toBe(false)
    expect(error.message).toContain(cure)
  })

  test('names maxmemory where memory is full', () => {
    expect(redisError(reply('OOM command not allowed'), 'redis://a:1').message).toContain('raise maxmemory')
  })

  test('keeps nothing of the command that failed: it may hold a password', () => {
    const failed = Object.assign(reply('ERR something'), { command: { name: 'auth', args: ['secret'] } })
    expect(inspect(redisError(failed, 'redis://a:1'), { depth: 10 })).not.toContain('secret')
  })

  test('is left alone that says it all already', () => {
    const error = new MillraceError('CORRUPT_STATE', 'text')
    expect(redisError(error, 'redis://a:1')).toBe(error)
  })

  test('of a script that is wrong is not repeated for ever', () => {
    expect(redisError(reply('ERR user_script:1: attempt to call a nil value'), 'redis://a:1').retryable).toBe(false)
  })
})
