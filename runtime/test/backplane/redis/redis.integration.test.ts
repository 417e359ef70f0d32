import { backplaneConformance, clusterConformance } from '@millrace/core/testing'
import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redisStore } from './support/redis-store.ts'

describeWithAnyRedis('over a real Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  backplaneConformance({ test, expect, create: async () => redisStore(redis.url) })
  clusterConformance({ test, expect, create: async () => redisStore(redis.url) })
})
