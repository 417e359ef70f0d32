import type { ClusterBackplane } from '@millrace/core'
import type { BackplaneStore } from '@millrace/core/testing'
import { Redis } from 'ioredis'
import { redisBackplane } from '../../../../src/backplane/redis/create-redis-backplane.ts'
import { Keys } from '../../../../src/backplane/redis/keys.ts'
import type { RedisBackplaneOptions } from '../../../../src/backplane/redis/redis-options.ts'

let jobs = 0

/** A job of its own on a real Redis, whose times a test can move. */
export function redisStore(
  url: string,
  options: Partial<RedisBackplaneOptions> = {},
): BackplaneStore & { connect(): Promise<ClusterBackplane>; readonly client: Redis; readonly keys: Keys } {
  const job = `job ${process.pid}-${++jobs}`
  const keys = new Keys(job)
  const client = new Redis(url, { protocol: 2 })
  const opened: ClusterBackplane[] = []
  return {
    client,
    keys,
    connect: async () => {
      const backplane = redisBackplane({ url, job, gcGrace: 0, durability: 'none', ...options })
      opened.push(backplane)
      return backplane
    },
    advance: async (ms) => void (await client.eval(advance, 1, keys.prefix, ms)),
    damage: (blob, how) => damage(client, keys.of(`state:job/0:${blob.id}`), how),
    dispose: async () => {
      for (const backplane of opened) await backplane.close()
      const left = await client.keys(`${keys.prefix.replaceAll(/[[\]*?\\]/g, '\\$&')}*`)
      if (left.length > 0) await client.del(left)
      client.disconnect()
    },
  }
}

/** Nobody can move the clock of a Redis; all times that it keeps can be moved the other way. */
const advance = `#!lua flags=allow-oom
  for _, name in ipairs({ 'due:exchange', 'due:source', 'solo', 'kept', 'alive', 'left' }) do
    for _, member in ipairs(redis.call('ZRANGE', KEYS[1] .. name, 0, -1)) do
      local score = redis.call('ZSCORE', KEYS[1] .. name, member)
      if tonumber(score) > 0 then redis.call('ZADD', KEYS[1] .. name, score - ARGV[1], member) end
    end
  end
  for _, asks in ipairs(redis.call('KEYS', string.gsub(KEYS[1], '[%[%]*?\\\\]', '\\\\%0') .. 'asks:*')) do
    for _, member in ipairs(redis.call('ZRANGE', asks, 0, -1)) do redis.call('ZINCRBY', asks, -ARGV[1], member) end
  end`

async function damage(client: Redis, key: string, how: Parameters<BackplaneStore['damage']>[1]): Promise<void> {
  if (how === 'missing') return void (await client.del(key))
  const bytes = await client.hgetBuffer(key, '0')
  if (bytes === null) throw new Error('there is no such blob')
  const spoilt = how === 'shorter' ? bytes.subarray(1) : Buffer.concat([Buffer.of(0xff), bytes.subarray(1)])
  await client.hset(key, '0', spoilt)
}
