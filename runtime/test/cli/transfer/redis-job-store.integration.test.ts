import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { openRedis } from '../../../src/cli/state/open-redis.ts'
import { redisTarget } from '../../../src/cli/state/state-target.ts'
import { RedisJobStore } from '../../../src/cli/transfer/redis-job-store.ts'
import { redisParts } from '../../../src/cli/transfer/redis-parts.ts'
import { systemWorld } from '../../../src/world.ts'
import { redisStore } from '../../backplane/redis/support/redis-store.ts'
import { jobStoreSuite } from '../support/job-store-suite.ts'

describeWithAnyRedis('over a real Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  jobStoreSuite(async () => {
    const held = redisStore(redis.url)
    const job = decodeURIComponent(/^\{millrace:(.*)\}:$/.exec(held.keys.prefix)?.[1] ?? '')
    const target = redisTarget(redis.url, { env: {} })
    const backplane = openRedis(target, { job })
    const store = new RedisJobStore(job, target.where, redisParts(target, job, undefined, systemWorld), systemWorld)
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]()
      await backplane.close()
      await held.dispose()
    })
    return { backplane, store, expire: () => held.advance(1_001) }
  })
})
