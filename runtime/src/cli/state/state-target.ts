import { badOption, isMillraceError } from '@millrace/core'
import { describeAddress, type RedisAddress, redisAddress } from '../../backplane/redis/redis-address.ts'
import type { RedisBackplaneOptions } from '../../backplane/redis/redis-options.ts'
import type { Io } from '../io.ts'

/** Gives the password of a Redis, so that no command line has to hold it. */
export const redisPasswordVariable = 'MILLRACE_REDIS_PASSWORD'

/** Gives the password of its sentinels, where they have one of their own. */
export const sentinelPasswordVariable = 'MILLRACE_REDIS_SENTINEL_PASSWORD'

/** A Redis that `--state` names. */
export interface RedisTarget {
  readonly type: 'redis'
  readonly url: string
  /** Passwords from the environment; one in the URL comes first. */
  readonly access: Pick<RedisBackplaneOptions, 'password' | 'sentinelPassword'>
  /** As people read it: without user and password. */
  readonly where: string
}

/** What `--state` names. */
export type StateTarget = { readonly type: 'memory' } | { readonly type: 'file'; readonly path: string } | RedisTarget

/** Reads the value of `--state`. Throws BAD_OPTION, without what may be a password. */
export function stateTarget(text: string, { env }: Pick<Io, 'env'>): StateTarget {
  if (text === '') throw badOption("--state: must be the path of a file, the URL of a Redis, or 'memory'")
  if (text === 'memory') return { type: 'memory' }
  if (!isRedisUrl(text)) return { type: 'file', path: text }
  const address = addressOf(text)
  const password = address.password === undefined && env[redisPasswordVariable]
  const sentinelPassword = address.kind === 'sentinel' && env[sentinelPasswordVariable]
  const access = { ...(password && { password }), ...(sentinelPassword && { sentinelPassword }) }
  return { type: 'redis', url: text, access, where: describeAddress(address) }
}

/** Reads a `--state` that has to be a Redis. Throws BAD_OPTION. */
export function redisTarget(text: string, io: Pick<Io, 'env'>): RedisTarget {
  const target = stateTarget(text, io)
  if (target.type === 'redis') return target
  throw badOption('--state: must be the URL of the Redis that workers share, as redis://host:port')
}

/** Whether a text is meant as the URL of a Redis, well-formed or not. */
const isRedisUrl = (text: string): boolean => /^rediss?(\+\w+)?:/i.test(text)

/** User and password end at the only `@`. */
const userAndPassword = /^[^:]+:\/\/[^@/?#]*@[^@]*$/

function addressOf(url: string): RedisAddress {
  try {
    // else a part of the password would be taken for the host, and named in errors
    if (url.includes('@') && !userAndPassword.test(url)) throw new URIError('not encoded')
    return redisAddress({ url, job: 'any' })
  } catch (error) {
    if (isMillraceError(error)) throw badOption(error.message.replace(/^url/, '--state'))
    // or an escape that is none, as in `redis://user:50%@host`
    throw badOption(
      '--state: user and password in the URL must be percent-encoded: write %25 for %, %40 for @, %2F for /',
    )
  }
}
