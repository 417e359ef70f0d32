import type { Endpoint } from '../endpoint.ts'
import { launchRedis, type RedisFlavour } from './launch-redis.ts'
import type { RedisServer } from './redis-server.ts'

/** The server that {@link startRedis} starts. */
export interface RedisOptions {
  /** @default 'redis' */
  readonly flavour?: RedisFlavour
  /** When what is written reaches the disk. @default 'everysec' */
  readonly appendFsync?: 'always' | 'everysec' | 'no'
  /** The primary that it copies. @default none: it is a primary */
  readonly replicaOf?: Endpoint
  /** Arguments of its command line: `['--maxmemory', '64mb']`. @default none */
  readonly args?: readonly string[]
  /** Its folder, kept when it stops. @default a temporary one */
  readonly dir?: string
  /** @default a free one */
  readonly port?: number
}

/**
 * Starts a Redis of our own on 127.0.0.1, with its data in an append-only file; resolves when it answers.
 * @throws MissingProgram when there is none to start
 */
export function startRedis({
  flavour = 'redis',
  appendFsync = 'everysec',
  replicaOf,
  args = [],
  dir,
  port,
}: RedisOptions = {}): Promise<RedisServer> {
  const config = [
    'save ""',
    'appendonly yes',
    `appendfsync ${appendFsync}`,
    'maxmemory-policy noeviction',
    'repl-diskless-sync-delay 0', // else a replica waits 5 s for others to join it
  ]
  if (replicaOf) config.push(`replicaof ${replicaOf.host} ${replicaOf.port}`)
  return launchRedis({ flavour, config, args, dir, port })
}
