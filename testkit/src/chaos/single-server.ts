import { startProxy } from '../proxy/fault-proxy.ts'
import type { RedisFlavour } from '../services/launch-redis.ts'
import { startRedis } from '../services/start-redis.ts'
import type { ChaosRedis } from './chaos-redis.ts'
import { serverEvents } from './events/server-events.ts'

/** One server that writes everything to its file before it acknowledges it. */
export async function singleServer(flavour: RedisFlavour): Promise<ChaosRedis> {
  const server = await startRedis({ flavour, appendFsync: 'always' })
  return {
    events: serverEvents(server),
    async line() {
      const proxy = await startProxy({ target: server })
      const { host, port } = proxy
      return { proxies: [proxy], address: { type: 'server', endpoint: { host, port } } }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
