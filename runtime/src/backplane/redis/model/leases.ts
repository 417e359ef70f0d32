import type { Acquired, Lease } from '@millrace/core'
import type { AcquireRequest, Scripts } from '../scripts.ts'
import { type Context, currentRun, dueOf, held } from './run.ts'

type Request<Name extends keyof Scripts> = Parameters<Scripts[Name]>[0]

/** Grants a free or expired task; the same lease again to an owner that asks again. */
export function acquire(context: Context, { task, owner, leaseMs, nonce }: AcquireRequest): Acquired {
  const { data, keys, now } = context
  const run = currentRun(context, nonce) ?? ''
  const key = keys.of(`lease:${task}`)
  const holder = data.hget(key, 'run') === run ? data.hget(key, 'owner') : undefined
  const kind = data.hget(key, 'kind')
  if (holder === owner) return renewed(context, run, task, owner, leaseMs)
  // it waits for others, or is done: nobody gets it
  if (kind !== undefined && data.zscore(keys.of(dueOf(kind)), task) === undefined) return nobody
  // of a tenure that is over: the request comes late
  if (holder === undefined && data.hget(key, 'nonce') === nonce) return nobody
  const expiresAt = cut(context, dueOf(kind), task, Number(data.hget(key, 'leaseMs') ?? 0))
  if (holder !== undefined && expiresAt > now) return { type: 'held', owner: holder, expiresInMs: expiresAt - now }
  return { type: 'acquired', lease: grant(context, { run, task, owner, leaseMs, nonce }) }
}

const nobody: Acquired = { type: 'held', owner: '', expiresInMs: 0 }

function renewed({ data, keys, now }: Context, run: string, task: string, owner: string, leaseMs: number): Acquired {
  const key = keys.of(`lease:${task}`)
  data.hset(key, { leaseMs: String(leaseMs) })
  data.zaddXX(keys.of(dueOf(data.hget(key, 'kind'))), task, now + leaseMs)
  const [epoch, nonce] = [Number(data.hget(key, 'epoch')), data.hget(key, 'nonce') ?? '']
  return { type: 'acquired', lease: { task, owner, run, epoch, nonce, expiresAt: now + leaseMs } }
}

/** The expiry, not further off than the lease time: a clock may have been set back. */
function cut({ data, keys, now }: Context, due: string, task: string, leaseMs: number): number {
  const score = data.zscore(keys.of(due), task) ?? 0
  if (score <= now + leaseMs) return score
  data.zadd(keys.of(due), task, now + leaseMs)
  return now + leaseMs
}

/** Makes a new tenure. */
export function grant(
  { data, keys, now }: Context,
  { run, task, owner, leaseMs, nonce }: AcquireRequest & { readonly run: string },
): Lease {
  const key = keys.of(`lease:${task}`)
  const epoch = data.hincrby(key, 'epoch', 1)
  data.hset(key, { run, owner, nonce, leaseMs: String(leaseMs) })
  data.hdel(key, 'for')
  data.zadd(keys.of(dueOf(data.hget(key, 'kind'))), task, now + leaseMs)
  data.zrem(keys.of('kept'), task)
  return { task, owner, run, epoch, nonce, expiresAt: now + leaseMs }
}

/** Extends leases that are still held; one answer each. */
export function renew(context: Context, { leases, leaseMs }: Request<'renew'>): boolean[] {
  const { data, keys, now } = context
  const run = currentRun(context)
  return leases.map((lease) => {
    const fields = held(context, run, lease)
    if (fields === undefined) return false
    if (fields.leaseMs !== leaseMs) data.hset(keys.of(`lease:${lease.task}`), { leaseMs: String(leaseMs) })
    data.zaddXX(keys.of(dueOf(fields.kind)), lease.task, now + leaseMs)
    return true
  })
}

/** Frees a task, or keeps it for a worker for the lease time. */
export function release(context: Context, { lease, reserveFor }: Request<'release'>): void {
  const { data, keys, now } = context
  const fields = held(context, currentRun(context), lease)
  if (fields === undefined) return
  const { task } = lease
  data.hdel(keys.of(`lease:${task}`), 'owner')
  if (fields.kind === undefined) return data.zrem(keys.of('solo'), task)
  const due = keys.of(dueOf(fields.kind))
  if (data.zscore(due, task) === undefined) return
  if (reserveFor === undefined) return data.zadd(due, task, 0)
  data.hset(keys.of(`lease:${task}`), { for: reserveFor })
  data.zadd(due, task, now + fields.leaseMs)
  data.zadd(keys.of('kept'), task, now + fields.leaseMs)
}

/** A clock may have been set back: no expiry lies further off than the lease time of its lease. */
export function cutExpiries(context: Context, leaseMs: number): void {
  for (const kind of ['exchange', 'source']) cutKind(context, kind, leaseMs)
}

function cutKind({ data, keys, now }: Context, kind: string, leaseMs: number): void {
  for (const [task, score] of data.zrange(keys.of(dueOf(kind)), now + leaseMs + 1)) {
    const most = now + Number(data.hget(keys.of(`lease:${task}`), 'leaseMs') ?? 0)
    if (score <= most) continue
    data.zadd(keys.of(dueOf(kind)), task, most)
    if (data.zscore(keys.of('kept'), task) !== undefined) data.zadd(keys.of('kept'), task, most)
  }
}
