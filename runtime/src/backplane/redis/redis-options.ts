import { badOption, type Duration, durationMs, positiveMs, type StateStore } from '@millrace/core'
import type { Cluster, Redis } from 'ioredis'
import type { ConnectionOptions } from 'node:tls'
import { type Logger, silent } from '../../logger.ts'
import { systemWorld, type World } from '../../world.ts'

/** What makes a checkpoint count as durable, so that output is committed. */
export type DurabilityOption =
  | 'auto'
  | 'none'
  | {
      /** The disk of the server: Redis 7.2 or later, or Valkey, with `appendonly yes`. @default true where there is such a file */
      readonly aof?: boolean
      /** Number of replicas that must have it. @default those that are connected */
      readonly replicas?: number
    }

/** Options of {@link redisBackplane}. */
export interface RedisBackplaneOptions {
  /** Name of the job: its keys begin with `{millrace:<job>}:`. */
  readonly job: string
  /**
   * `redis://host:port/db`, `redis+sentinel://host:port,host:port/master` or `redis+cluster://host:port,host:port`, with
   * `user:password@` before the hosts where needed; `rediss` instead of `redis` for TLS.
   */
  readonly url?: string
  /** A client of ioredis to make connections like; it is not used itself. Instead of `url`. */
  readonly client?: Redis | Cluster
  readonly username?: string
  readonly password?: string
  /** Of the sentinels themselves, where they ask for one. */
  readonly sentinelPassword?: string
  readonly sentinelUsername?: string
  /** Certificates and the like. Makes connections use TLS. */
  readonly tls?: ConnectionOptions
  /** As in the options of the job: a command may take a quarter of it. @default 10_000 */
  readonly leaseMs?: number
  /** Where bases and deltas of state go. @default the same Redis: for small state */
  readonly stateStore?: StateStore
  /**
   * What output waits for before it is committed. `auto`: the disk and the connected replicas, as far as this Redis can tell
   * of them. `none`: nothing; for a Redis that loses nothing it has confirmed, as MemoryDB.
   * @default 'auto'
   */
  readonly durability?: DurabilityOption
  /** How long to wait for that at a time. @default '5s' */
  readonly durableWithin?: Duration
  /** How long state stays that no checkpoint names any more: a Redis that lost its last writes may need it again. @default '10m' */
  readonly gcGrace?: Duration
  /** @default says nothing */
  readonly log?: Logger
  /** Clock for intervals, timers and randomness. @default systemWorld */
  readonly world?: World
}

/** {@link RedisBackplaneOptions}, checked and complete. */
export interface ResolvedRedisOptions {
  readonly job: string
  readonly durability: DurabilityOption
  readonly commandTimeoutMs: number
  readonly durableWithinMs: number
  readonly gcGraceMs: number
  readonly log: Logger
  readonly world: World
}

/** Throws BAD_OPTION, naming the field. */
export function resolveRedisOptions(options: RedisBackplaneOptions): ResolvedRedisOptions {
  const { job, leaseMs = 10_000, durability = 'auto', durableWithin = '5s', gcGrace = '10m' } = options
  if (typeof job !== 'string' || job === '') throw badOption('job: name the job')
  if ((options.url === undefined) === (options.client === undefined)) throw badOption('url: give it, or a client')
  if (!Number.isFinite(leaseMs) || leaseMs < 100)
    throw badOption('leaseMs: must be a number of milliseconds, 100 or more')
  checkDurability(durability)
  return {
    job,
    durability,
    commandTimeoutMs: Math.ceil(leaseMs / 4),
    durableWithinMs: positiveMs(durableWithin, 'durableWithin'),
    gcGraceMs: durationMs(gcGrace, 'gcGrace'),
    log: options.log ?? silent,
    world: options.world ?? systemWorld,
  }
}

function checkDurability(durability: DurabilityOption): void {
  if (durability === 'auto' || durability === 'none') return
  if (typeof durability !== 'object' || durability === null)
    throw badOption(`durability: must be 'auto', 'none' or { aof, replicas }`)
  const { replicas = 0 } = durability
  if (!Number.isSafeInteger(replicas) || replicas < 0)
    throw badOption('durability.replicas: must be a number, 0 or more')
}
