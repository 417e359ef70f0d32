import { until } from '../until.ts'
import { askRedis } from './ask-redis.ts'
import type { RedisServer } from './redis-server.ts'
import { type RedisOptions, startRedis } from './start-redis.ts'
import { stopTogether } from './start-together.ts'

/** A primary and the replica that copies it, when they start. */
export interface RedisReplication extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replica: RedisServer
  /** Stops both. */
  stop(): Promise<void>
}

/** Starts a primary and a replica; resolves when the replica has all of it. */
export async function startRedisWithReplica(
  options: Omit<RedisOptions, 'replicaOf' | 'dir' | 'port'> = {},
): Promise<RedisReplication> {
  const primary = await startRedis(options)
  const started = [primary]
  const stop = (): Promise<void> => stopTogether(started)
  try {
    const replica = await startRedis({ ...options, replicaOf: primary })
    started.push(replica)
    await until(() => isReplicaOf(replica, primary), { what: 'the first copy' })
    return { primary, replica, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Whether a server copies this primary and has caught up with it. */
export async function isReplicaOf(replica: RedisServer, primary: RedisServer): Promise<boolean> {
  const info = await askRedis(replica, 'INFO replication').catch(() => '')
  return info.includes(`\r\nmaster_port:${primary.port}\r\n`) && info.includes('\r\nmaster_link_status:up\r\n')
}

/** Whether a server takes writes. */
export async function isPrimary(server: RedisServer): Promise<boolean> {
  return (await askRedis(server, 'INFO replication').catch(() => '')).includes('\r\nrole:master\r\n')
}
