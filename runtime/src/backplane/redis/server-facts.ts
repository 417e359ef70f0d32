import { MillraceError } from '@millrace/core'
import { luaScript } from './lua-script.ts'
import type { RedisPort } from './redis-port.ts'
import { listOf, textOrNone } from './reply-reader.ts'

/** What matters of a server. Undefined where it does not say. */
export interface ServerFacts {
  /** It can wait for its disk: Redis 7.2 or later, Valkey. */
  readonly canWaitForDisk: boolean
  readonly hasAof: boolean | undefined
  readonly replicas: number | undefined
  /** What it does when its memory is full. */
  readonly evicts: string | undefined
}

/** Asks a server, at its first use. */
export async function serverFacts(port: RedisPort, prefix: string): Promise<ServerFacts> {
  const reply = await port.run(luaScript('info'), prefix, ['server', 'persistence', 'replication', 'memory'])
  const text = listOf(reply)
    .map((section) => textOrNone(section) ?? '')
    .join('\r\n')
  const find = (field: string): string | undefined => new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1]
  const [aof, replicas] = [find('aof_enabled'), find('connected_slaves')]
  return {
    canWaitForDisk: find('valkey_version') !== undefined || isAtLeast(find('redis_version') ?? '0', 7, 2),
    hasAof: aof === undefined ? undefined : aof === '1',
    replicas: replicas === undefined ? undefined : Number(replicas),
    evicts: find('maxmemory_policy'),
  }
}

/** A server that drops keys when its memory is full would drop what a job stands on. Keys with an expiry we have none of. */
export function checkEviction({ evicts }: ServerFacts, where: string): void {
  if (evicts === undefined || !evicts.startsWith('allkeys')) return
  throw new MillraceError(
    'BACKPLANE',
    `${where}: its maxmemory-policy is ${evicts}: it would drop checkpoints when its memory is full; set it to noeviction`,
  )
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
}
