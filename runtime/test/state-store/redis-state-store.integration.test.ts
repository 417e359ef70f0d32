import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import { afterAll, beforeAll } from 'vitest'
import { Connection } from '../../src/backplane/redis/connection.ts'
import { redisStateStore } from '../../src/state-store/redis-state-store.ts'
import { systemWorld } from '../../src/world.ts'
import { redisStore } from '../backplane/redis/support/redis-store.ts'
import { stateStoreSuite, type StoreUnderTest } from './support/state-store-suite.ts'

describeWithAnyRedis('state in a real Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  stateStoreSuite(async (): Promise<StoreUnderTest> => {
    const of = redisStore(redis.url)
    const { client, keys } = of
    const port = new Connection({ client: client.duplicate(), where: redis.url, world: systemWorld, patienceMs: 2_000 })
    const connect = (): StoreUnderTest['store'] => redisStateStore({ port, keys, world: systemWorld, where: redis.url })
    return {
      store: connect(),
      connect,
      async damage(id, how) {
        const key = keys.of(`state:clicks/0:${id}`)
        if (how === 'missing') return void (await client.del(key))
        await client.hset(key, '0', how === 'shorter' ? 'stat' : 'STATE')
      },
      async dispose() {
        await port.close()
        await of.dispose()
      },
    }
  })
})
