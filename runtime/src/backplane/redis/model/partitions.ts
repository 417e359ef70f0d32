import { discoveryName, splitTaskName, taskName } from '@millrace/core'
import type { FoundRow, RegisterRequest, TaskState } from '../scripts.ts'
import { formatScore, parseScore } from '../keys.ts'
import { tasksOf } from './job.ts'
import { type Context, currentRun, held } from './run.ts'
import { dropLine, floorOf, presentLeast, sendsOf, setLine } from './watermarks.ts'

/** Registers what discovery found; answers the state of each. */
export function register(context: Context, request: RegisterRequest): 'fenced' | TaskState[] {
  const { data, keys } = context
  const { lease, source, found, isLast, final } = request
  if (held(context, currentRun(context), lease) === undefined) return 'fenced'
  const fresh = found.filter(({ id }) => !data.sismember(keys.of(`parts:${source}`), id))
  for (const row of fresh) addWaiting(context, source, row)
  const states = found.map((row) => {
    const task = taskName(source, row.id)
    forgetParents(context, task, source, row.unlisted)
    return settle(context, task)
  })
  if (fresh.length > 0) revive(context, source)
  if (isLast) listed(context, source, final)
  return states
}

/** After a list of a source: what is new later is known to be new, or nothing will come any more. */
function listed(context: Context, source: string, final: boolean): void {
  const { data, keys } = context
  data.sadd(keys.of('listed'), source)
  for (const exchange of sendsOf(context, source))
    if (final) dropLine(context, exchange, discoveryName(source))
    else if (data.sismember(keys.of('looking'), source)) setLine(context, exchange, discoveryName(source), Infinity)
  if (final) data.srem(keys.of('looking'), source)
}

/** A task that waits for all of its parents: {@link settle} says which of them have ended. */
export function addWaiting({ data, keys }: Context, source: string, row: FoundRow): void {
  const task = taskName(source, row.id)
  data.sadd(keys.of(`parts:${source}`), row.id)
  const { partition, start } = row
  const parents = JSON.stringify(row.parents)
  data.hset(keys.of(`task:${task}`), { state: 'waiting', partition, parents, ...(start !== undefined && { start }) })
  data.hset(keys.of(`lease:${task}`), { kind: 'source' })
  data.sadd(keys.of('waiting'), task)
  for (const parent of row.parents) data.sadd(keys.of(`kids:${taskName(source, parent)}`), task)
}

/** Those that nobody knows and no list has are gone: they are not waited for. */
function forgetParents({ data, keys }: Context, task: string, source: string, unlisted: readonly string[]): void {
  const key = keys.of(`task:${task}`)
  if (unlisted.length === 0 || data.hget(key, 'state') !== 'waiting') return
  const isGone = (id: string): boolean => unlisted.includes(id) && !data.sismember(keys.of(`parts:${source}`), id)
  const parents = JSON.parse(data.hget(key, 'parents') ?? '[]') as string[]
  for (const id of parents.filter(isGone)) data.del(keys.of(`kids:${taskName(source, id)}`))
  data.hset(key, { parents: JSON.stringify(parents.filter((id) => !isGone(id))) })
}

/**
 * Lets a waiting task run whose parents have all ended, at the least of their watermarks; as soon as one has ended, its line
 * stands for what it will send.
 */
export function settle(context: Context, task: string): TaskState {
  const { data, keys } = context
  const key = keys.of(`task:${task}`)
  const state = data.hget(key, 'state') as TaskState
  if (state !== 'waiting') return state
  const { stage } = splitTaskName(task)
  const parents = JSON.parse(data.hget(key, 'parents') ?? '[]') as string[]
  const ends = parents.map((id) => data.hget(keys.of(`task:${taskName(stage, id)}`), 'end'))
  const known = ends.filter((end) => end !== undefined)
  if (known.length > 0) startAt(context, task, stage, Math.min(...known.map(parseScore)))
  if (known.length < ends.length) return 'waiting'
  if (parents.length === 0) startNow(context, task, stage)
  data.hset(key, { state: 'ready' })
  data.srem(keys.of('waiting'), task)
  data.zadd(keys.of('due:source'), task, 0)
  return 'ready'
}

function startAt(context: Context, task: string, stage: string, watermark: number): void {
  context.data.hset(context.keys.of(`task:${task}`), { from: formatScore(watermark) })
  for (const exchange of sendsOf(context, stage)) setLine(context, exchange, task, watermark)
}

/**
 * One that nothing comes before begins where event time is at present: in each exchange, and all in all. Those of the first
 * list begin before all time: how far other sources have come says nothing of them.
 */
function startNow(context: Context, task: string, stage: string): void {
  const isFirst = !context.data.sismember(context.keys.of('listed'), stage)
  const least = sendsOf(context, stage).map((exchange) => {
    const present = isFirst ? -Infinity : presentLeast(context, exchange, discoveryName(stage))
    setLine(context, exchange, task, present)
    return present
  })
  const from = least.length === 0 ? -Infinity : Math.min(...least)
  context.data.hset(context.keys.of(`task:${task}`), { from: formatScore(from) })
}

/** Tasks of exchanges that were done, as nothing was to come any more, go on when something does. */
function revive(context: Context, source: string): void {
  const { data, keys } = context
  const [left, seen] = [[...sendsOf(context, source)], new Set<string>()]
  for (let exchange = left.pop(); exchange !== undefined; exchange = left.pop()) {
    if (seen.has(exchange)) continue
    seen.add(exchange)
    left.push(...sendsOf(context, exchange))
    for (const task of tasksOf(context, exchange))
      if (data.hget(keys.of(`task:${task}`), 'state') === 'done') reviveTask(context, exchange, task)
  }
}

function reviveTask(context: Context, stage: string, task: string): void {
  const { data, keys } = context
  data.hset(keys.of(`task:${task}`), { state: 'ready' })
  data.zadd(keys.of('due:exchange'), task, 0)
  for (const exchange of sendsOf(context, stage)) setLine(context, exchange, task, floorOf(context, exchange))
}
