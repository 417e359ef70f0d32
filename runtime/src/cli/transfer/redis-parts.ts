import type { StateStore } from '@millrace/core'
import { chooseDurability } from '../../backplane/redis/choose-durability.ts'
import { Connection } from '../../backplane/redis/connection.ts'
import { Keys } from '../../backplane/redis/keys.ts'
import { luaScripts } from '../../backplane/redis/lua-scripts.ts'
import { redisAddress } from '../../backplane/redis/redis-address.ts'
import { makeClient } from '../../backplane/redis/redis-client.ts'
import { serverFacts } from '../../backplane/redis/server-facts.ts'
import type { Scripts } from '../../backplane/redis/scripts.ts'
import { silent } from '../../logger.ts'
import { redisStateStore } from '../../state-store/redis-state-store.ts'
import type { World } from '../../world.ts'
import type { RedisTarget } from '../state/state-target.ts'

/** What a backplane on a Redis is made of. */
export interface RedisParts {
  readonly scripts: Scripts
  readonly store: StateStore
}

const commandTimeoutMs = 5_000

/** Parts for whoever replaces a job as a whole, which is nothing that a worker ever does. */
export function redisParts(
  { url, access, where }: RedisTarget,
  job: string,
  stateStore: StateStore | undefined,
  world: World,
): RedisParts {
  const options = { ...access, url, job }
  const client = makeClient(options, redisAddress(options), commandTimeoutMs)
  const port = new Connection({ client, where, world, patienceMs: commandTimeoutMs })
  const keys = new Keys(job)
  const durability = chooseDurability('none', commandTimeoutMs, () => serverFacts(port, keys.prefix), silent)
  const store = stateStore ?? redisStateStore({ port, keys, world, where })
  return { scripts: luaScripts(port, keys, durability), store }
}
