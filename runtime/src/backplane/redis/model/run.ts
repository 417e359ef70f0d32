import type { Lease } from '@millrace/core'
import type { Keys } from '../keys.ts'
import type { Keyspace } from './keyspace.ts'

/** What every script of the model is given. */
export interface Context {
  readonly data: Keyspace
  readonly keys: Keys
  /** Id of the server. */
  readonly server: string
  /** In whole ms since 1970, by the clock of the server. */
  readonly now: number
  /** Exchanges whose lines have changed. */
  readonly moved: Set<string>
}

/** Fields of a lease that is held. */
export interface HeldFields {
  readonly kind: string | undefined
  readonly leaseMs: number
}

/**
 * The present run, `<nonce>.<generation>`; undefined when there is none and no nonce to begin one with. On another server
 * than the last time, which may have lost a suffix of what was written, the generation grows: all leases are void.
 */
export function currentRun({ data, keys, server }: Context, nonce?: string): string | undefined {
  const meta = keys.of('meta')
  const run = data.hget(meta, 'run')
  if (run === undefined) {
    if (nonce === undefined) return undefined
    data.hset(meta, { run: nonce, generation: '1', server })
    return `${nonce}.1`
  }
  if (data.hget(meta, 'server') === server) return `${run}.${data.hget(meta, 'generation')}`
  data.hset(meta, { server })
  return `${run}.${raiseGeneration(data, keys)}`
}

/** Voids all leases of the job. */
function raiseGeneration(data: Keyspace, keys: Keys): number {
  for (const due of ['due:exchange', 'due:source'])
    for (const [task] of data.zrange(keys.of(due))) data.zadd(keys.of(due), task, 0)
  data.del(keys.of('solo'))
  data.del(keys.of('kept'))
  return data.hincrby(keys.of('meta'), 'generation', 1)
}

/** What a lease is, if it is still held by this tenure: after its expiry too, as long as nobody took it. */
export function held({ data, keys }: Context, run: string | undefined, lease: Lease): HeldFields | undefined {
  const key = keys.of(`lease:${lease.task}`)
  const get = (field: string): string | undefined => data.hget(key, field)
  if (lease.run !== run || get('owner') === undefined || get('run') !== run) return undefined
  if (get('epoch') !== String(lease.epoch) || get('nonce') !== lease.nonce) return undefined
  return { kind: get('kind'), leaseMs: Number(get('leaseMs')) }
}

/** The sorted set with the expiry of the leases of such a task. */
export const dueOf = (kind: string | undefined): string => (kind === undefined ? 'solo' : `due:${kind}`)
