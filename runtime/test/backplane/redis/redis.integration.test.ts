import { backplaneConformance } from '@millrace/core/testing'
import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from './support/redis-store.ts'

describeWithAnyRedis('over a real Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  describe('the backplane', () => {
    backplaneConformance({ test, expect, create: async () => redisStore(redis.url) })
  })
})
