import { discoveryName, taskName } from '@millrace/core'
import type { OpenReply, OpenRequest, StageShape } from '../scripts.ts'
import { parseScore } from '../keys.ts'
import { counts } from './membership.ts'
import { type Context, currentRun } from './run.ts'
import { dropLine, floorOf, sendsOf, setLine } from './watermarks.ts'

/** Registers the stages of a topology, or those that are new; a job that had finished is begun again. */
export function open(context: Context, { stages, nonce }: OpenRequest): OpenReply {
  const { data, keys } = context
  const run = currentRun(context, nonce) ?? ''
  const { finished } = counts(context)
  for (const stage of stages) if (data.hget(keys.of('stages'), stage.name) === undefined) add(context, stage)
  for (const stage of stages) connect(context, stage)
  if (finished) for (const { kind, name } of stages) if (kind === 'source') lookAgain(context, name)
  const known = [...data.hgetall(keys.of('stages'))] as [string, string][]
  const exchanges = known.filter(([, kind]) => kind !== 'source').map(([name, n]) => [name, Number(n)] as const)
  const sources = known.filter(([, kind]) => kind === 'source').map(([name]) => name)
  return { run, partitions: Object.fromEntries(exchanges), sources: sources.toSorted() }
}

/** Of an exchange, all tasks are there from the start; those of a source come with its list. */
function add({ data, keys }: Context, { name, kind, partitions }: StageShape): void {
  data.hset(keys.of('stages'), { [name]: kind === 'source' ? 'source' : String(partitions) })
  if (kind === 'source') return data.sadd(keys.of('looking'), name)
  for (let partition = 0; partition < partitions; partition++) {
    const task = taskName(name, partition)
    data.hset(keys.of(`task:${task}`), { state: 'ready' })
    data.hset(keys.of(`lease:${task}`), { kind })
    data.zadd(keys.of('due:exchange'), task, 0)
  }
}

/** Who produces for which exchange, where that has changed. */
function connect(context: Context, stage: StageShape): void {
  const { data, keys } = context
  const before = sendsOf(context, stage.name)
  for (const exchange of stage.sends.filter((to) => !before.includes(to)))
    for (const [producer, watermark] of producersOf(context, stage.name))
      setLine(context, exchange, producer, watermark)
  for (const exchange of before.filter((to) => !stage.sends.includes(to)))
    for (const [producer] of producersOf(context, stage.name)) dropLine(context, exchange, producer)
  data.hset(keys.of('sends'), { [stage.name]: JSON.stringify(stage.sends) })
}

/** All that have a line in the exchanges that a stage sends to, with where they are. */
function producersOf(context: Context, stage: string): [producer: string, watermark: number][] {
  const { data, keys } = context
  const producers = tasksOf(context, stage).flatMap((task): [string, number][] => {
    const state = data.hget(keys.of(`task:${task}`), 'state')
    const from = data.hget(keys.of(`task:${task}`), 'from')
    if (state === 'done' || (state === 'waiting' && from === undefined)) return []
    return [[task, parseScore(data.hget(keys.of(`ckpt:${task}`), 'wm') ?? from ?? '-inf')]]
  })
  if (!data.sismember(keys.of('looking'), stage)) return producers
  return [...producers, [discoveryName(stage), data.sismember(keys.of('listed'), stage) ? Infinity : -Infinity]]
}

/** Tasks of a stage, as far as they are known. */
export function tasksOf({ data, keys }: Pick<Context, 'data' | 'keys'>, stage: string): string[] {
  const kind = data.hget(keys.of('stages'), stage)
  if (kind === 'source') return data.smembers(keys.of(`parts:${stage}`)).map((id) => taskName(stage, id))
  return Array.from({ length: Number(kind ?? 0) }, (_, partition) => taskName(stage, partition))
}

function lookAgain(context: Context, source: string): void {
  const { data, keys } = context
  data.sadd(keys.of('looking'), source)
  for (const exchange of sendsOf(context, source))
    setLine(context, exchange, discoveryName(source), floorOf(context, exchange))
}

/** Takes stages out of the job that the topology no longer has, with all that is kept of them. */
export function retire(context: Context, { stages }: { readonly stages: readonly string[] }): void {
  const { data, keys } = context
  for (const stage of stages) {
    const kind = data.hget(keys.of('stages'), stage)
    if (kind === undefined) continue
    for (const exchange of sendsOf(context, stage)) {
      for (const task of tasksOf(context, stage)) dropLine(context, exchange, task)
      dropLine(context, exchange, discoveryName(stage))
    }
    for (const task of tasksOf(context, stage)) dropTask(context, task)
    if (kind !== 'source') dropExchange(context, stage, Number(kind))
    data.del(keys.of(`parts:${stage}`))
    for (const key of ['looking', 'listed']) data.srem(keys.of(key), stage)
    for (const key of ['stages', 'sends']) data.hdel(keys.of(key), stage)
  }
}

/** All of a task but its epoch, which never restarts. */
export function dropTask({ data, keys }: Pick<Context, 'data' | 'keys'>, task: string): void {
  for (const key of ['due:exchange', 'due:source', 'kept', 'solo']) data.zrem(keys.of(key), task)
  data.srem(keys.of('waiting'), task)
  for (const key of ['task', 'ckpt', 'kids', 'staged']) data.del(keys.of(`${key}:${task}`))
  data.hdel(keys.of(`lease:${task}`), 'owner', 'kind', 'for')
}

/** What waits in an exchange; its positions go on from where they are. */
export function dropExchange(
  { data, keys }: Pick<Context, 'data' | 'keys'>,
  exchange: string,
  partitions: number,
): void {
  const positions = keys.of(`xm:${exchange}`)
  for (let partition = 0; partition < partitions; partition++) {
    data.del(keys.of(`x:${exchange}:${partition}`))
    const end = data.hget(positions, `end:${partition}`)
    if (end !== undefined) data.hset(positions, { [`at:${partition}`]: end })
  }
  data.del(keys.of(`wm:${exchange}`))
  data.hdel(keys.of('floors'), exchange)
}
