import { Cluster } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { askRedis } from '../../src/services/ask-redis.ts'
import { describeWithRedis, describeWithValkey } from '../../src/services/describe-with-redis.ts'
import type { RedisFlavour } from '../../src/services/launch-redis.ts'
import { startRedisCluster } from '../../src/services/redis-cluster.ts'

describeWithRedis('a cluster of Redis', () => sharesKeys('redis'))
describeWithValkey('a cluster of Valkey', () => sharesKeys('valkey'))

function sharesKeys(flavour: RedisFlavour): void {
  test('shares the keys among its masters, and has them after all were restarted', async () => {
    const cluster = await startRedisCluster({ flavour })
    onTestFinished(() => cluster.stop())
    const client = new Cluster(cluster.nodes.map(({ host, port }) => ({ host, port })))
    onTestFinished(() => client.disconnect())
    const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`)
    await Promise.all(keys.map((key) => client.set(key, key)))

    const sizes = await Promise.all(cluster.nodes.map((node) => askRedis(node, 'DBSIZE')))
    for (const size of sizes) expect(Number(size.slice(1))).toBeGreaterThan(50)

    for (const node of cluster.nodes) await node.restart()
    await expect.poll(() => Promise.all(keys.map((key) => client.get(key))), { timeout: 15_000 }).toEqual(keys)
  })
}
