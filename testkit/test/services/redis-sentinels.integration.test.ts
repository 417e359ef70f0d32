import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { askRedis } from '../../src/services/ask-redis.ts'
import { describeWithRedis, describeWithValkey } from '../../src/services/describe-with-redis.ts'
import type { RedisFlavour } from '../../src/services/launch-redis.ts'
import { type RedisReplication, startRedisWithReplica } from '../../src/services/redis-replication.ts'
import { type RedisSentinels, startSentinels } from '../../src/services/redis-sentinels.ts'

const patience = { timeout: 15_000 }

type Watched = RedisReplication & { readonly sentinels: RedisSentinels; readonly client: Redis }

async function watched(flavour: RedisFlavour): Promise<Watched> {
  const servers = await startRedisWithReplica({ flavour })
  onTestFinished(() => servers.stop())
  const sentinels = await startSentinels(servers, { flavour })
  onTestFinished(() => sentinels.stop())
  const client = new Redis({ sentinels: sentinels.endpoints, name: sentinels.name, sentinelRetryStrategy: () => 50 })
  client.on('error', () => {}) // it looks for the new primary
  onTestFinished(() => client.disconnect())
  return { ...servers, sentinels, client }
}

async function followsAKilledPrimary(flavour: RedisFlavour): Promise<void> {
  const { primary, replica, sentinels, client } = await watched(flavour)
  await client.set('key', 'first')
  await client.wait(1, 1_000)

  const began = performance.now()
  expect(await sentinels.failover('kill')).toBe(replica)
  expect(performance.now() - began).toBeLessThan(10_000)
  await expect.poll(() => client.get('key'), patience).toBe('first')

  await primary.restart()
  await sentinels.settled()
  await expect.poll(() => client.set('key', 'second'), patience).toBe('OK')
  await client.wait(1, 1_000)
  expect(await sentinels.failover()).toBe(primary)
  await expect.poll(() => client.get('key'), patience).toBe('second')
}

describeWithRedis('sentinels of Redis', () => {
  test('make the replica the primary when that is killed, and back again', () => followsAKilledPrimary('redis'))

  test('make the replica the primary at a command, and the primary its replica', async () => {
    const { primary, replica, sentinels, client } = await watched('redis')
    expect(await sentinels.primary()).toBe(primary)
    await client.set('key', 'value')
    await client.wait(1, 1_000)
    expect(await sentinels.failover()).toBe(replica)

    await sentinels.settled()
    expect(await askRedis(primary, 'ROLE')).toContain('slave')
    expect(await client.get('key')).toBe('value')
  })

  test('take a frozen primary for dead, and what it is told later is lost', async () => {
    const { primary, replica, sentinels } = await watched('redis')
    primary.freeze()
    expect(await sentinels.successorOf(primary)).toBe(replica)

    primary.thaw()
    expect(await askRedis(primary, 'SET too late')).toBe('+OK\r\n')
    await sentinels.settled()
    expect(await askRedis(primary, 'GET too')).toBe('$-1\r\n')
  })

  test('leave a restarted replica that was promoted the primary it is', async () => {
    const { replica, sentinels } = await watched('redis')
    await sentinels.failover()
    await replica.restart()
    expect(await askRedis(replica, 'ROLE')).toContain('master')
  })
})

describeWithValkey('sentinels of Valkey', () => {
  test('make the replica the primary when that is killed, and back again', () => followsAKilledPrimary('valkey'))
})
