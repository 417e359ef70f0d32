import { splitTaskName } from '@millrace/core'
import { formatScore } from '../keys.ts'
import type { RestoredTask, RestoreRequest, Scripts } from '../scripts.ts'
import { dropExchange, dropTask, tasksOf } from './job.ts'
import { type Context, currentRun } from './run.ts'
import { stagesOf } from './status.ts'
import { setLine } from './watermarks.ts'

/** Begins another life of the job, with nothing of this one but dead letters and what says which workers there are. */
export function newRun(
  context: Context,
  { nonce, from }: Parameters<Scripts['newRun']>[0],
): 'begun' | 'already' | 'changed' {
  const { data, keys } = context
  const run = currentRun(context, nonce) ?? ''
  if (data.hget(keys.of('meta'), 'run') === nonce) return 'already'
  if (run !== from) return 'changed'
  for (const { name, kind, partitions } of stagesOf(context)) {
    for (const task of tasksOf(context, name)) dropTask(context, task)
    if (kind === 'exchange') dropExchange(context, name, partitions)
    data.del(keys.of(`parts:${name}`))
  }
  for (const key of ['stages', 'sends', 'looking', 'listed', 'solo', 'kept']) data.del(keys.of(key))
  data.hset(keys.of('meta'), { run: nonce, generation: '1' })
  return 'begun'
}

/** Puts tasks into a run that has begun. */
export function restore(context: Context, request: RestoreRequest): 'restored' | 'changed' {
  const { data, keys } = context
  if (currentRun(context) !== request.run) return 'changed'
  for (const { name, kind, partitions, sends } of request.stages) {
    data.hset(keys.of('stages'), { [name]: kind === 'source' ? 'source' : String(partitions) })
    data.hset(keys.of('sends'), { [name]: JSON.stringify(sends) })
    if (kind !== 'source') continue
    data.sadd(keys.of('listed'), name)
    data.sadd(keys.of('looking'), name)
    for (const exchange of sends) setLine(context, exchange, `discovery:${name}`, Infinity)
  }
  for (const [exchange, ends] of Object.entries(request.ends))
    ends.forEach((end, p) => data.hset(keys.of(`xm:${exchange}`), { [`end:${p}`]: end, [`at:${p}`]: end }))
  for (const task of request.tasks) put(context, request, task)
  return 'restored'
}

function put(context: Context, { stages }: RestoreRequest, row: RestoredTask): void {
  const { data, keys } = context
  const { task, state, partition, start, parents, from, end, record, seq, takenAt, watermark } = row
  const { stage: name, partition: id } = splitTaskName(task)
  const stage = stages.find((each) => each.name === name)
  if (stage === undefined) return
  data.hset(keys.of(`lease:${task}`), { kind: stage.kind })
  data.hset(keys.of(`task:${task}`), {
    state,
    from: formatScore(from),
    parents: JSON.stringify(parents),
    ...(partition !== undefined && { partition }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end: formatScore(end) }),
  })
  if (stage.kind === 'source') data.sadd(keys.of(`parts:${name}`), id)
  if (state === 'ready') data.zadd(keys.of(`due:${stage.kind}`), task, 0)
  if (state === 'waiting') data.sadd(keys.of('waiting'), task)
  for (const parent of state === 'waiting' ? parents : []) data.sadd(keys.of(`kids:${name}/${parent}`), task)
  if (record !== undefined) {
    const wm = watermark === undefined ? {} : { wm: formatScore(watermark) }
    data.hset(keys.of(`ckpt:${task}`), { seq: String(seq), at: String(takenAt ?? 0), record, ...wm })
  }
  if (state === 'done') return
  for (const exchange of stage.sends) setLine(context, exchange, task, watermark ?? from)
}
