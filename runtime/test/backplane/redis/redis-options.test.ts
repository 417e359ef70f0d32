import { describe, expect, test } from 'vitest'
import { type RedisBackplaneOptions, resolveRedisOptions } from '../../../src/backplane/redis/redis-options.ts'

describe('options of the Redis backplane', () => {
  test('give a command a quarter of the lease time', () => {
    expect(resolveRedisOptions({ job: 'job', url: 'redis://a', leaseMs: 2_001 }).commandTimeoutMs).toBe(501)
  })

  test.each<[Partial<RedisBackplaneOptions>, string]>([
    [{ job: '' }, 'job: name the job'],
    [{ url: undefined as never }, 'url: give it, or a client'],
    [{ leaseMs: 5 }, 'leaseMs: must be'],
    [{ durability: 'always' as never }, "durability: must be 'auto', 'none' or { aof, replicas }"],
    [{ durability: { replicas: -1 } }, 'durability.replicas: must be'],
    [{ durableWithin: '0s' }, 'durableWithin'],
  ])('%o are refused: %s', (wrong, message) => {
    expect(() => resolveRedisOptions({ job: 'job', url: 'redis://a', ...wrong })).toThrow(message)
  })
})
