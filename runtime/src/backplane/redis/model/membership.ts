import type { BeatReply, BeatRequest, Scripts } from '../scripts.ts'
import { cutExpiries, renew } from './leases.ts'
import { type Context, currentRun } from './run.ts'

type Request<Name extends keyof Scripts> = Parameters<Scripts[Name]>[0]

/** How long the sessions that have left are remembered, for requests that come late. */
const leftMs = 3_600_000

/** Renews the leases of a worker, notes that it lives, and tells it of the others. */
export function heartbeat(context: Context, request: BeatRequest): BeatReply {
  const { data, keys, now } = context
  const { worker, session, leaseMs, line, wantsLines } = request
  const run = currentRun(context) ?? ''
  const held = renew(context, request)
  if (data.zscore(keys.of('left'), session) === undefined) {
    data.hset(keys.of('workers'), { [worker]: line })
    data.hset(keys.of('sessions'), { [worker]: session })
    data.zadd(keys.of('alive'), worker, now + leaseMs)
  }
  dropDead(context, leaseMs)
  // before counting: what a clock that was set back has put off would be free to nobody
  cutExpiries(context, leaseMs)
  const { tasks, free, finished } = counts(context)
  const lines = wantsLines ? ([...data.hgetall(keys.of('workers')).values()] as string[]) : []
  const alive = data.zcard(keys.of('alive'))
  const drain = data.hget(keys.of('drains'), worker) === session
  return { held, alive, lines, tasks, free, asks: takeAsks(context, worker), drain, finished, run }
}

/** Takes those off the list whose last sign of life is older than their lease time. */
function dropDead({ data, keys, now }: Context, leaseMs: number): void {
  for (const [worker] of data.zrange(keys.of('alive'), now + leaseMs + 1))
    data.zadd(keys.of('alive'), worker, now + leaseMs)
  for (const [worker] of data.zrange(keys.of('alive'), -Infinity, now)) forget({ data, keys }, worker)
}

function forget({ data, keys }: Pick<Context, 'data' | 'keys'>, worker: string): void {
  data.zrem(keys.of('alive'), worker)
  for (const key of ['workers', 'sessions', 'drains', 'claims', 'claimed']) data.hdel(keys.of(key), worker)
  data.del(keys.of(`asks:${worker}`))
}

/** Tasks that may run, those that nobody holds, and whether there is nothing left to run or to look for. */
export function counts({ data, keys, now }: Context): Pick<BeatReply, 'tasks' | 'free' | 'finished'> {
  const due = [keys.of('due:exchange'), keys.of('due:source')]
  const tasks = due.reduce((sum, key) => sum + data.zcard(key), 0)
  const expired = due.reduce((sum, key) => sum + data.zrange(key, -Infinity, now).length, 0)
  const left = tasks + data.scard(keys.of('waiting')) + data.scard(keys.of('looking'))
  const finished = left === 0 && data.hgetall(keys.of('stages')).size > 0
  return { tasks, free: expired + data.zrange(keys.of('kept'), now + 1).length, finished }
}

/** Those who ask a worker for tasks: told once. */
function takeAsks({ data, keys, now }: Context, worker: string): string[] {
  const asks = data.zrange(keys.of(`asks:${worker}`), now + 1).map(([asker]) => asker)
  if (data.zcard(keys.of(`asks:${worker}`)) > 0) data.del(keys.of(`asks:${worker}`))
  return asks
}

export function ask({ data, keys, now }: Context, { from, worker, leaseMs }: Request<'ask'>): void {
  if (data.zscore(keys.of('alive'), from) !== undefined) data.zadd(keys.of(`asks:${from}`), worker, now + leaseMs)
}

/** Takes a worker off the list, unless another life of it is there. */
export function leave({ data, keys, now }: Context, { worker, session }: Request<'leave'>): void {
  const present = data.hget(keys.of('sessions'), worker)
  const leaving = session ?? present
  if (leaving === undefined) return
  data.zadd(keys.of('left'), leaving, now)
  for (const [old] of data.zrange(keys.of('left'), -Infinity, now - leftMs)) data.zrem(keys.of('left'), old)
  if (present === leaving) forget({ data, keys }, worker)
}

/** @returns whether there is such a worker */
export function drain({ data, keys, now }: Context, { worker }: Request<'drain'>): boolean {
  const session = data.hget(keys.of('sessions'), worker)
  if (session === undefined || (data.zscore(keys.of('alive'), worker) ?? 0) <= now) return false
  data.hset(keys.of('drains'), { [worker]: session })
  return true
}
