import { setTimeout as pause } from 'node:timers/promises'
import { askRedis } from '../../services/ask-redis.ts'
import type { RedisServer } from '../../services/redis-server.ts'
import { between } from './between.ts'
import type { RedisEvent } from './redis-event.ts'

/** What happens to a single server, which loses nothing that it has acknowledged. */
export const serverEvents = (server: RedisServer): readonly RedisEvent[] => [
  {
    name: 'redis killed',
    weight: 7,
    async play(random) {
      await server.kill()
      await pause(between(random, 0, 1_500))
      await server.restart()
    },
  },
  freezing(async () => server, 4_000),
  cutting(async () => server),
]

/** The server stands still for up to so long. */
export const freezing = (serverOf: () => Promise<RedisServer>, mostMs: number): RedisEvent => ({
  name: 'redis frozen',
  weight: 4,
  async play(random) {
    const server = await serverOf()
    server.freeze()
    await pause(between(random, 0.1 * mostMs, mostMs))
    server.thaw()
  },
})

/** The server closes all connections of clients. */
export const cutting = (serverOf: () => Promise<RedisServer>): RedisEvent => ({
  name: 'client kill',
  weight: 5,
  play: async () => void (await askRedis(await serverOf(), 'CLIENT KILL TYPE normal')),
})
