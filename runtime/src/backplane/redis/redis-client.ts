import { Cluster, Redis } from 'ioredis'
import type { ConnectionOptions } from 'node:tls'
import type { RedisAddress } from './redis-address.ts'
import type { RedisBackplaneOptions } from './redis-options.ts'

/** A client of one kind or the other. */
export type RedisClient = Redis | Cluster

/** Makes a client that is not connected yet. */
export function makeClient(
  { client, tls, sentinelUsername, sentinelPassword }: RedisBackplaneOptions,
  address: RedisAddress | undefined,
  commandTimeoutMs: number,
): RedisClient {
  const settings = settingsOf(commandTimeoutMs)
  if (client !== undefined)
    return client.isCluster ? likeCluster(client as Cluster, settings) : like(client as Redis, settings)
  if (address === undefined) throw new Error('neither an address nor a client')
  const { kind, db, master } = address
  const hosts = [...address.hosts]
  const options = { ...settings, ...accessOf(address), ...securityOf(address, tls) }
  if (kind === 'cluster') return new Cluster(hosts, { ...clusterSettings, redisOptions: options })
  const standalone = { ...options, ...reconnecting, db }
  if (kind === 'single') return new Redis({ ...standalone, ...hosts[0] })
  const sentinelAccess = {
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
  }
  return new Redis({ ...standalone, ...watching, ...sentinelAccess, sentinels: hosts, name: master ?? '' })
}

/** Nothing is sent again by the client, and nothing waits for ever. */
const settingsOf = (commandTimeoutMs: number) =>
  ({
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: commandTimeoutMs,
    // a connection whose other end is gone without a word is given up
    socketTimeout: 2 * commandTimeoutMs,
    disableClientInfo: true,
    // HELLO is refused by some proxies
    protocol: 2,
    // what was the primary may have become a replica: sentinels know the new one
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }) as const

type Settings = ReturnType<typeof settingsOf>

const retryAfter = (times: number): number => Math.min(50 * 2 ** Math.min(times - 1, 10), 1_000)

const reconnecting = { enableOfflineQueue: false, lazyConnect: true, retryStrategy: retryAfter }

/** Of sentinels. They say when there is another primary: the one before may not know, and go on taking writes. */
const watching = { failoverDetector: true, sentinelRetryStrategy: retryAfter, sentinelCommandTimeout: 2_000 }

const clusterSettings = {
  enableOfflineQueue: false,
  lazyConnect: true,
  clusterRetryStrategy: retryAfter,
  slotsRefreshTimeout: 2_000,
}

const accessOf = ({
  username,
  password,
}: RedisAddress): { readonly username?: string; readonly password?: string } => ({
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
})

const securityOf = (
  { isTls }: RedisAddress,
  tls: ConnectionOptions | undefined,
): { readonly tls?: ConnectionOptions } => (isTls || tls !== undefined ? { tls: tls ?? {} } : {})

const like = (client: Redis, settings: Settings): Redis => client.duplicate({ ...settings, ...reconnecting })

function likeCluster(client: Cluster, settings: Settings): Cluster {
  const redisOptions = { ...client.options.redisOptions, ...settings }
  type Overrides = NonNullable<Parameters<Cluster['duplicate']>[1]>
  return client.duplicate([], { ...clusterSettings, redisOptions } as Overrides)
}
