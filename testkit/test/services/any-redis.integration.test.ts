import { expect, onTestFinished, test } from 'vitest'
import { anyRedis } from '../../src/services/any-redis.ts'
import { askRedis } from '../../src/services/ask-redis.ts'
import { describeWithAnyRedis, describeWithRedis } from '../../src/services/describe-with-redis.ts'
import { startRedis } from '../../src/services/start-redis.ts'

describeWithAnyRedis('any Redis', () => {
  test('answers at its URL', async () => {
    const redis = await anyRedis()
    onTestFinished(() => redis[Symbol.asyncDispose]())
    expect(await askRedis(redis, 'PING')).toBe('+PONG\r\n')
  })
})

describeWithRedis('a Redis named in the environment', () => {
  test('is used, and left running', async () => {
    const running = await startRedis()
    onTestFinished(() => running.stop())
    const redis = await anyRedis({ MILLRACE_TEST_REDIS_URL: `${running.url}/3` })
    expect(redis).toMatchObject({ url: `${running.url}/3`, host: running.host, port: running.port })
    await redis[Symbol.asyncDispose]()
    expect(await askRedis(running, 'PING')).toBe('+PONG\r\n')
  })
})
