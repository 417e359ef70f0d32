import { splitTaskName } from '@millrace/core'
import { parseScore } from '../keys.ts'
import type { Overview, StageShape, TaskReply, TaskState } from '../scripts.ts'
import { writtenWatermark } from './checkpoint.ts'
import { endOf } from './exchange.ts'
import { counts } from './membership.ts'
import { type Context, dueOf } from './run.ts'
import { sendsOf, watermarkOf } from './watermarks.ts'

/** All of a job but its tasks. */
export function overview(context: Context): Overview {
  const { data, keys, now } = context
  const meta = (field: string): string => data.hget(keys.of('meta'), field) ?? ''
  const stages = stagesOf(context)
  const alive = data.zrange(keys.of('alive'), now + 1).map(([worker]) => worker)
  const exchanges = stages.filter(({ kind }) => kind === 'exchange')
  const sources = stages.filter(({ kind }) => kind === 'source')
  return {
    run: `${meta('run')}.${meta('generation')}`,
    now,
    lines: alive.flatMap((worker) => data.hget(keys.of('workers'), worker) ?? []),
    stages,
    partitions: Object.fromEntries(sources.map(({ name }) => [name, data.smembers(keys.of(`parts:${name}`))])),
    watermarks: Object.fromEntries(exchanges.map(({ name }) => [name, watermarkOf(context, name)])),
    ends: Object.fromEntries(exchanges.map((stage) => [stage.name, endsOf(context, stage)])),
    finished: counts(context).finished,
  }
}

export function stagesOf(context: Context): StageShape[] {
  const { data, keys } = context
  const known = [...data.hgetall(keys.of('stages'))] as [string, string][]
  return known.map(([name, kind]) => ({
    name,
    kind: kind === 'source' ? 'source' : 'exchange',
    partitions: kind === 'source' ? 0 : Number(kind),
    sends: sendsOf(context, name),
  }))
}

const endsOf = (context: Context, { name, partitions }: StageShape): string[] =>
  Array.from({ length: partitions }, (_, partition) => String(endOf(context, name, partition)))

/** Tasks, as far as they are registered. */
export function tasks(context: Context, names: readonly string[]): TaskReply[] {
  return names.flatMap((task) => {
    const state = context.data.hget(context.keys.of(`task:${task}`), 'state')
    return state === undefined ? [] : [describe(context, task, state as TaskState)]
  })
}

function describe(context: Context, task: string, state: TaskState): TaskReply {
  const { data, keys, now } = context
  const get =
    (kind: string) =>
    (field: string): string | undefined =>
      data.hget(keys.of(`${kind}:${task}`), field)
  const [lease, row, record] = [get('lease'), get('task'), get('ckpt')]
  const run = `${data.hget(keys.of('meta'), 'run')}.${data.hget(keys.of('meta'), 'generation')}`
  const owner = lease('run') === run ? lease('owner') : undefined
  const expiry = data.zscore(keys.of(dueOf(lease('kind'))), task) ?? now
  const [end, at] = [row('end'), record('at')]
  const sends = sendsOf(context, splitTaskName(task).stage)
  return {
    task,
    state,
    owner,
    epoch: Number(lease('epoch') ?? 0),
    expiresInMs: owner === undefined ? 0 : expiry - now,
    seq: Number(record('seq') ?? 0),
    takenAt: at === undefined ? undefined : Number(at),
    watermark: sends.length === 0 || state === 'done' ? undefined : writtenWatermark(context, task),
    partition: row('partition'),
    start: row('start'),
    parents: JSON.parse(row('parents') ?? '[]') as string[],
    from: parseScore(row('from') ?? '-inf'),
    end: end === undefined ? undefined : parseScore(end),
    record: record('record'),
  }
}
