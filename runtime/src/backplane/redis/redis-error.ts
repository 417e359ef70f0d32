import { isMillraceError, MillraceError } from '@millrace/core'

/** Beginnings of answers of a Redis that may be other ones a little later. */
const passing = [
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'BUSY',
  'MOVED',
  'ASK',
  'NOREPLICAS',
  'UNKILLABLE',
]
/** Answers that no repeat will change, and what to do about them. */
const cures: readonly (readonly [start: string, cure: string])[] = [
  ['WRONGPASS', 'give the right user name and password'],
  ['NOAUTH', 'give a password'],
  ['NOPERM', 'allow its user all commands on keys that begin with {millrace:'],
  ['ERR invalid password', 'give the right password'],
  ['ERR unknown command', 'it has to be Redis 7.0 or later, or Valkey'],
  // older ones do not know the first line of a script
  ['ERR Error compiling script', 'it has to be Redis 7.0 or later, or Valkey'],
  ['CROSSSLOT', 'all keys of a job have to lie together: name its Redis Cluster as one'],
  ['WRONGTYPE', 'its keys that begin with {millrace: belong to another program, or to a later version'],
]

/** The Redis has no memory left for what would take more of it. */
export const memoryFull = (where: string, cause?: unknown): MillraceError =>
  new MillraceError(
    'BACKPLANE',
    `${where}: its memory is full: raise maxmemory, or keep less in exchanges (cluster.exchangeBytes); nothing is lost meanwhile`,
    { cause, retryable: true },
  )

/**
 * Says what an error of a client means and what to do. Everything of which the outcome is unknown is `retryable`: every
 * script may run twice. `where` holds no password.
 */
export function redisError(error: unknown, where: string): MillraceError {
  if (isMillraceError(error)) return error
  const cause = plainError(error)
  const text = cause.message
  if (text.includes('OOM ')) return memoryFull(where, cause)
  const cure = cures.find(([start]) => text.startsWith(start))?.[1]
  if (cure !== undefined) return new MillraceError('BACKPLANE', `${where}: ${text}; ${cure}`, { cause })
  const locked = /^All sentinels .*Last error: ((?:NOAUTH|WRONGPASS).*)/.exec(text)?.[1]
  if (locked !== undefined)
    return new MillraceError(
      'BACKPLANE',
      `${where}: the sentinels do not let in: ${locked} Give the right sentinelPassword (MILLRACE_REDIS_SENTINEL_PASSWORD)`,
      { cause },
    )
  if (passing.some((start) => text.startsWith(start)))
    return new MillraceError('BACKPLANE', `${where}: it is not ready: ${text}; see whether it recovers`, {
      cause,
      retryable: true,
    })
  if (cause.name === 'ReplyError') return new MillraceError('BACKPLANE', `${where}: ${text}`, { cause })
  const what = `no answer: ${text}; see whether it runs and can be reached`
  return new MillraceError('BACKPLANE', `${where}: ${what}`, { cause, retryable: true })
}

/** Clients add the command to their errors, with a password or a whole checkpoint in it. */
function plainError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const plain = new Error(error.message)
  plain.name = error.name
  if (error.stack !== undefined) plain.stack = error.stack
  return plain
}
