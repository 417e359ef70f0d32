import { startProxy } from '../proxy/fault-proxy.ts'
import type { RedisFlavour } from '../services/launch-redis.ts'
import { startRedisWithReplica } from '../services/redis-replication.ts'
import { startSentinels } from '../services/redis-sentinels.ts'
import type { ChaosRedis } from './chaos-redis.ts'
import { sentinelEvents } from './events/sentinel-events.ts'

/**
 * A primary and a replica that sentinels watch, whose files lag behind: what is acknowledged is safe once the replica has
 * it. The sentinels are in reach of all workers, the servers only through proxies.
 */
export async function watchedServers(flavour: RedisFlavour): Promise<ChaosRedis> {
  const servers = await startRedisWithReplica({ flavour, appendFsync: 'everysec' })
  const sentinels = await startSentinels(servers, { flavour })
  return {
    events: sentinelEvents(sentinels),
    async line() {
      const watched = [servers.primary, servers.replica]
      const proxies = await Promise.all(watched.map((target) => startProxy({ target })))
      const natMap = Object.fromEntries(
        watched.map(({ host, port }, i) => [`${host}:${port}`, { host, port: proxies[i]?.port ?? port }]),
      )
      return { proxies, address: { type: 'sentinels', endpoints: sentinels.endpoints, name: sentinels.name, natMap } }
    },
    async [Symbol.asyncDispose]() {
      await sentinels.stop()
      await servers.stop()
    },
  }
}
