import { badOption } from '@millrace/core'
import type { RedisBackplaneOptions } from './redis-options.ts'

/** A server. */
interface HostPort {
  readonly host: string
  readonly port: number
}

/** Where a Redis is, and how to get in. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** The server; sentinels; some of the servers of a cluster. */
  readonly hosts: readonly HostPort[]
  /** Name that sentinels know the primary by. */
  readonly master: string | undefined
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
}

const kinds: { readonly [scheme: string]: Pick<RedisAddress, 'kind' | 'isTls'> } = {
  redis: { kind: 'single', isTls: false },
  rediss: { kind: 'single', isTls: true },
  'redis+sentinel': { kind: 'sentinel', isTls: false },
  'rediss+sentinel': { kind: 'sentinel', isTls: true },
  'redis+cluster': { kind: 'cluster', isTls: false },
  'rediss+cluster': { kind: 'cluster', isTls: true },
}

const form = /^([\w+]+):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]+)(?:\/([^/?#]*))?(?:\/(\d+))?$/
const forms = 'redis://host:port/db, redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port'

/**
 * Reads an URL, with what options add to it; `rediss` instead of `redis` for TLS. Throws BAD_OPTION without the URL in it:
 * it may hold a password.
 */
export function redisAddress({ url, username, password }: RedisBackplaneOptions): RedisAddress {
  const [, scheme = '', user, secret, hosts = '', path = '', db] = form.exec(url ?? '') ?? []
  const kind = kinds[scheme]
  if (kind === undefined) throw badOption(`url: must be like ${forms}`)
  const isSentinel = kind.kind === 'sentinel'
  if (isSentinel && path === '') throw badOption('url: name the primary that the sentinels watch: …/<master>')
  return {
    ...kind,
    hosts: hosts.split(',').map((host) => hostPort(host, isSentinel ? 26379 : 6379)),
    master: isSentinel ? decodeURIComponent(path) : undefined,
    username: username ?? (user ? decodeURIComponent(user) : undefined),
    password: password ?? (secret === undefined ? undefined : decodeURIComponent(secret)),
    db: number(isSentinel ? (db ?? '0') : path || '0', 'url: the database'),
  }
}

/** For errors and logs: without a password. */
export function describeAddress({ kind, hosts, master, isTls, db }: RedisAddress): string {
  const list = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join()
  const scheme = `redis${isTls ? 's' : ''}${kind === 'single' ? '' : `+${kind}`}`
  const path = [master, db === 0 ? undefined : db].filter((part) => part !== undefined)
  return [`${scheme}://${list}`, ...path].join('/')
}

function hostPort(text: string, standard: number): HostPort {
  const [, v6, name, port] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d+))?$/.exec(text) ?? []
  const host = v6 ?? name
  // it is not repeated: a password that is not encoded may have come to stand here
  if (host === undefined) throw badOption('url: each host must be host:port, and a password be percent-encoded')
  return { host, port: port === undefined ? standard : number(port, 'url: the port') }
}

function number(text: string, what: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0 && value < 65_536) return value
  throw badOption(`${what} must be a number, not ${JSON.stringify(text)}`)
}
