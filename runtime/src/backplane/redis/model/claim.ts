import type { ClaimReply, ClaimRequest } from '../scripts.ts'
import { parseScore } from '../keys.ts'
import { cutExpiries, grant } from './leases.ts'
import { type Context, currentRun, dueOf } from './run.ts'

/** Takes tasks: those kept for the worker first, then free and expired ones; those of exchanges before those of sources. */
export function claim(context: Context, request: ClaimRequest): ClaimReply[] {
  const { data, keys } = context
  const run = currentRun(context)
  if (run === undefined) return []
  const { worker, session, number } = request
  if (data.zscore(keys.of('left'), session) !== undefined || data.hget(keys.of('drains'), worker) === session) return []
  const [lastSession, last] = (data.hget(keys.of('claims'), worker) ?? '').split(' ')
  if (lastSession === session && number <= Number(last))
    return number === Number(last) ? again(context, run, request) : []
  cutExpiries(context, request.leaseMs)
  const tasks = [...kept(context, request), ...free(context)]
  const taken = pick(tasks, request).map((task, i) => describe(context, take(context, run, task, request, i)))
  data.hset(keys.of('claims'), { [worker]: `${session} ${number}` })
  data.hset(keys.of('claimed'), { [worker]: JSON.stringify(taken.map(({ lease }) => lease.task)) })
  return taken
}

interface Candidate {
  readonly task: string
  readonly kind: 'exchange' | 'source'
}

/** The same answer to the same request, for what is still held of it. */
function again(context: Context, run: string, { worker, nonce }: ClaimRequest): ClaimReply[] {
  const { data, keys } = context
  const tasks = JSON.parse(data.hget(keys.of('claimed'), worker) ?? '[]') as string[]
  return tasks.flatMap((task, i) => {
    const key = keys.of(`lease:${task}`)
    const get = (field: string): string | undefined => data.hget(key, field)
    if (get('run') !== run || get('owner') !== worker || get('nonce') !== nonceOf(nonce, i)) return []
    const expiresAt = data.zscore(keys.of(dueOf(get('kind'))), task) ?? 0
    return [
      describe(context, { task, owner: worker, run, epoch: Number(get('epoch')), nonce: nonceOf(nonce, i), expiresAt }),
    ]
  })
}

function kept({ data, keys, now }: Context, { worker }: ClaimRequest): Candidate[] {
  for (const [task] of data.zrange(keys.of('kept'), -Infinity, now)) data.zrem(keys.of('kept'), task)
  const tasks = data.zrange(keys.of('kept')).map(([task]) => ({ task, key: keys.of(`lease:${task}`) }))
  return tasks
    .filter(({ key }) => data.hget(key, 'for') === worker)
    .map(({ task, key }) => ({ task, kind: data.hget(key, 'kind') as Candidate['kind'] }))
}

const free = ({ data, keys, now }: Context): Candidate[] =>
  (['exchange', 'source'] as const).flatMap((kind) =>
    data.zrange(keys.of(dueOf(kind)), -Infinity, now).map(([task]) => ({ task, kind })),
  )

function pick(candidates: readonly Candidate[], { most, mostOfSources }: ClaimRequest): string[] {
  const picked: string[] = []
  let sources = 0
  for (const { task, kind } of candidates) {
    if (picked.length >= most) break
    if (kind === 'source' && sources >= mostOfSources) continue
    picked.push(task)
    if (kind === 'source') sources++
  }
  return picked
}

const take = (
  context: Context,
  run: string,
  task: string,
  { worker, leaseMs, nonce }: ClaimRequest,
  i: number,
): ClaimReply['lease'] => grant(context, { run, task, owner: worker, leaseMs, nonce: nonceOf(nonce, i) })

/** No two tenures are equal, those of one claim included: what they make outside bears the tenure, not the task. */
const nonceOf = (nonce: string, i: number): string => `${nonce}x${i + 1}`

function describe({ data, keys }: Context, lease: ClaimReply['lease']): ClaimReply {
  const key = keys.of(`task:${lease.task}`)
  const watermark = parseScore(data.hget(key, 'from') ?? '-inf')
  return { lease, partition: data.hget(key, 'partition'), start: data.hget(key, 'start'), watermark }
}
