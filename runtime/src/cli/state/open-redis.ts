import type { ClusterBackplane, StateStore } from '@millrace/core'
import { redisBackplane } from '../../backplane/redis/create-redis-backplane.ts'
import type { DurabilityOption } from '../../backplane/redis/redis-options.ts'
import type { Logger } from '../../logger.ts'
import type { RedisTarget } from './state-target.ts'

/** What a command says of the Redis beside its URL. */
export interface OpenRedisOptions {
  readonly job: string
  /** @default as those of a job */
  readonly leaseMs?: number
  /** @default the same Redis */
  readonly stateStore?: StateStore | undefined
  /** @default 'auto' */
  readonly durability?: DurabilityOption
  /** @default says nothing */
  readonly log?: Logger
}

/** The backplane on the Redis that `--state` names. Connects at its first call. */
export function openRedis({ url, access }: RedisTarget, options: OpenRedisOptions): ClusterBackplane {
  const { stateStore, ...rest } = options
  return redisBackplane({
    ...rest,
    ...access,
    url,
    ...(stateStore !== undefined && { stateStore }),
  })
}
