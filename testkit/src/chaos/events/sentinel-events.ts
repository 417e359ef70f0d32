import { setTimeout as pause } from 'node:timers/promises'
import type { RedisSentinels } from '../../services/redis-sentinels.ts'
import type { RedisServer } from '../../services/redis-server.ts'
import { between } from './between.ts'
import type { RedisEvent } from './redis-event.ts'
import { cutting, freezing } from './server-events.ts'

/** What happens to a primary with a replica that takes over from it. */
export function sentinelEvents(sentinels: RedisSentinels): readonly RedisEvent[] {
  const primary = (): Promise<RedisServer> => primaryOf(sentinels)
  return [
    {
      name: 'primary killed',
      weight: 7,
      async play(random) {
        const old = await primary()
        await sentinels.failover('kill')
        await pause(between(random, 0, 1_500))
        await old.restart()
        await sentinels.settled()
      },
    },
    {
      name: 'failover',
      weight: 3,
      async play() {
        await sentinels.failover('command')
        await sentinels.settled()
      },
    },
    {
      name: 'primary frozen',
      weight: 3,
      async play(random) {
        const old = await primary()
        old.freeze()
        await sentinels.successorOf(old)
        await pause(between(random, 0, 1_500))
        old.thaw()
        await sentinels.settled()
      },
    },
    // shorter than the sentinels' patience
    freezing(primary, 700),
    cutting(primary),
  ]
}

async function primaryOf(sentinels: RedisSentinels): Promise<RedisServer> {
  const primary = await sentinels.primary()
  if (primary === undefined) throw new Error('there is no primary')
  return primary
}
