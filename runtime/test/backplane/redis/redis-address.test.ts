import { describe, expect, test } from 'vitest'
import { describeAddress, redisAddress } from '../../../src/backplane/redis/redis-address.ts'

const address = (url: string) => redisAddress({ job: 'job', url })

describe('the URL of a Redis', () => {
  test.each([
    ['redis://localhost', 'redis://localhost:6379'],
    ['redis://localhost:7000/2', 'redis://localhost:7000/2'],
    ['rediss://user:secret@redis.example:6380', 'rediss://redis.example:6380'],
    ['redis://:secret@[::1]:7000', 'redis://[::1]:7000'],
    ['redis+sentinel://a,b:26380/main', 'redis+sentinel://a:26379,b:26380/main'],
    ['rediss+sentinel://:secret@a/main/3', 'rediss+sentinel://a:26379/main/3'],
    ['redis+cluster://a:1,b:2,c', 'redis+cluster://a:1,b:2,c:6379'],
  ])('%s is described without a password: %s', (url, described) => {
    expect(describeAddress(address(url))).toBe(described)
  })

  test('holds a user name and a password, that options replace', () => {
    const url = 'redis://some%40body:p%3Aw@localhost'
    expect(address(url)).toMatchObject({ username: 'some@body', password: 'p:w' })
    expect(redisAddress({ job: 'job', url, username: 'other', password: 'word' })).toMatchObject({
      username: 'other',
      password: 'word',
    })
    expect(address('redis://:pw@localhost')).toMatchObject({ username: undefined, password: 'pw' })
  })

  test.each([
    'localhost:6379',
    'http://:secret@localhost',
    'redis://',
    'redis://:secret@',
    'redis://secret:secret',
    'redis://:sec@secret@host',
  ])('is refused without being repeated: %s', (url) => {
    expect(() => address(url)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.not.stringContaining('secret') }),
    )
  })

  test('names the primary that sentinels watch', () => {
    expect(() => address('redis+sentinel://a')).toThrow('url: name the primary')
  })

  test('has a port and a database that are numbers', () => {
    expect(() => address('redis://a:70000')).toThrow('url: the port must be a number')
    expect(() => address('redis://a/x')).toThrow('url: the database must be a number')
  })
})
