import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import { afterAll, beforeAll } from 'vitest'
import { scriptSuite } from './support/script-suite.ts'
import { redisScriptStore } from './support/script-store.ts'

describeWithAnyRedis('scripts of a real Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  scriptSuite(() => redisScriptStore(redis.url))
})
