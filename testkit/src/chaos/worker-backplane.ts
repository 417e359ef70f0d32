import type { ClusterBackplane } from '@millrace/core'
import { type Logger, redisBackplane } from '@millrace/runtime'
import { Redis } from 'ioredis'
import type { RedisAddress, WorkerOptions } from './worker-options.ts'

/** The backplane of a worker, reached by nothing but its own ways. */
export function workerBackplane({ redis, leaseMs }: WorkerOptions, log: Logger): ClusterBackplane {
  const options = { job: 'chaos', leaseMs, log }
  // without a number, a primary that was cut off from its replica would say that no copy is needed
  if (redis.type === 'sentinels')
    return redisBackplane({ ...options, client: watchedClient(redis), durability: { replicas: 1 } })
  const { host, port } = redis.endpoint
  return redisBackplane({ ...options, url: `redis://${host}:${port}` })
}

/** A client that is told other addresses than those that sentinels know. */
const watchedClient = ({ endpoints, name, natMap }: RedisAddress & { readonly type: 'sentinels' }): Redis =>
  new Redis({ sentinels: [...endpoints], name, natMap: { ...natMap }, lazyConnect: true })
