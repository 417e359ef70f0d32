import { splitTaskName, tenureId } from '@millrace/core'
import { formatScore, parseScore } from '../keys.ts'
import type { FoundRow, Piece, StageRequest, WriteReply, WriteRequest } from '../scripts.ts'
import { endOf, publish, trim } from './exchange.ts'
import { insertLetter, removeLetters } from './letters.ts'
import { addWaiting, settle } from './partitions.ts'
import { type Context, currentRun, held, type HeldFields } from './run.ts'
import { dropLine, floorOf, sendsOf, setLine } from './watermarks.ts'

/** Whether the record follows the last one, or repeats one of this tenure. */
function place({ data, keys }: Context, { lease, seq }: Pick<WriteRequest, 'lease' | 'seq'>): WriteReply | 'next' {
  const key = keys.of(`ckpt:${lease.task}`)
  const last = Number(data.hget(key, 'seq') ?? 0)
  if (seq === last + 1) return 'next'
  if (seq <= last && data.hget(key, 'tenure') === tenureId(lease)) return { type: 'already' }
  return { type: 'misplaced', last }
}

/** Keeps contents for a checkpoint that is to come; what another one has left is dropped. */
export function stage(context: Context, request: StageRequest): WriteReply {
  const { data, keys } = context
  const { lease, seq, piece, offset, contents, isLast } = request
  if (held(context, currentRun(context), lease) === undefined) return { type: 'fenced' }
  const placed = place(context, request)
  if (placed !== 'next') return placed
  const key = keys.of(`staged:${lease.task}`)
  const of = `${tenureId(lease)}|${seq}`
  if (data.hget(key, 'of') !== of) data.del(key)
  data.hset(key, { of })
  contents.forEach((content, i) => {
    const name = `${piece}.${offset + i}`
    data.hset(key, { [`to:${name}`]: targetOf(content), [`bytes:${name}`]: content.bytes.slice() })
  })
  if (isLast) data.hset(key, { [`count:${piece}`]: String(offset + contents.length) })
  return { type: 'written' }
}

/** Writes the record, and all that goes with it, or nothing. */
export function writeCheckpoint(context: Context, request: WriteRequest): WriteReply {
  const { data, keys } = context
  const { lease, staged, consumed } = request
  const fields = held(context, currentRun(context), lease)
  if (fields === undefined) return { type: 'fenced' }
  const placed = place(context, request)
  if (placed !== 'next') return placed
  const contents = stagedContents(context, request)
  if (contents === undefined) return { type: 'unstaged' }
  if (consumed !== undefined) {
    const end = endOf(context, consumed.exchange, consumed.partition)
    if (Number(consumed.position) > end) return { type: 'rolledBack', end: String(end) }
  }
  insert(context, request)
  for (const content of [...contents, ...request.contents]) put(context, content)
  if (staged > 0 || data.hget(keys.of(`staged:${lease.task}`), 'of')) data.del(keys.of(`staged:${lease.task}`))
  removeLetters(context, request.redriven)
  if (consumed !== undefined) trim(context, consumed.exchange, consumed.partition, Number(consumed.position))
  if (request.ended === undefined) promise(context, request)
  else end(context, request, fields, request.ended)
  return { type: 'written' }
}

/** Whoever writes n + 1 has committed the handles of n, so that n − 1 is of no use any more. */
function insert({ data, keys }: Context, { lease, seq, takenAt, record, watermark }: WriteRequest): void {
  const key = keys.of(`ckpt:${lease.task}`)
  const before = data.hget(key, 'record')
  data.hset(key, {
    seq: String(seq),
    tenure: tenureId(lease),
    at: String(takenAt),
    record,
    ...(before !== undefined && { before }),
    ...(watermark !== undefined && { wm: formatScore(watermark) }),
  })
}

/** All contents of the pieces, in order; undefined when one is missing. */
function stagedContents({ data, keys }: Context, { lease, seq, staged }: WriteRequest): Piece[] | undefined {
  if (staged === 0) return []
  const key = keys.of(`staged:${lease.task}`)
  if (data.hget(key, 'of') !== `${tenureId(lease)}|${seq}`) return undefined
  const contents: Piece[] = []
  for (let piece = 0; piece < staged; piece++) {
    const count = data.hget(key, `count:${piece}`)
    if (count === undefined) return undefined
    for (let i = 0; i < Number(count); i++) {
      const name = `${piece}.${i}`
      const bytes = data.hgetBytes(key, `bytes:${name}`) ?? new Uint8Array()
      contents.push(pieceOf(data.hget(key, `to:${name}`) ?? '', bytes))
    }
  }
  return contents
}

/** Where a content goes: `<exchange>:<partition>`, nothing for a dead letter. */
const targetOf = (content: Piece): string =>
  content.type === 'letter' ? '' : `${content.exchange}:${content.partition}`

function pieceOf(target: string, bytes: Uint8Array): Piece {
  if (target === '') return { type: 'letter', bytes }
  const colon = target.lastIndexOf(':')
  return { type: 'frame', exchange: target.slice(0, colon), partition: Number(target.slice(colon + 1)), bytes }
}

function put(context: Context, content: Piece): void {
  if (content.type === 'frame') publish(context, content)
  else insertLetter(context, content.bytes)
}

/** Sets the lines of what the task sends later. */
function promise(context: Context, { lease, sends, watermark, idle }: WriteRequest): void {
  if (watermark === undefined) return
  for (const exchange of sends) setLine(context, exchange, lease.task, idle ? Infinity : watermark)
}

/** The task is done: those that go on where its partition ended may be waiting for it. */
function end(context: Context, request: WriteRequest, { kind }: HeldFields, children: readonly FoundRow[]): void {
  const { data, keys } = context
  const { task } = request.lease
  const { stage: name, partition } = splitTaskName(task)
  const key = keys.of(`task:${task}`)
  if (kind === 'exchange' && !isOver(context, name, Number(partition))) return goOn(context, name, task)
  if (kind === undefined) return
  const from = data.hget(key, 'from')
  data.hset(key, { state: 'done', end: data.hget(keys.of(`ckpt:${task}`), 'wm') ?? from ?? '-inf' })
  data.zrem(keys.of(`due:${kind}`), task)
  // of an exchange it may go on; a partition of a source never does, and there may be very many of them
  if (kind === 'source') data.hdel(keys.of(`ckpt:${task}`), 'record', 'before')
  const isNew = ({ id }: FoundRow): boolean => !data.sismember(keys.of(`parts:${name}`), id)
  if (kind === 'source') for (const row of children.filter(isNew)) addWaiting(context, name, row)
  // children first: else the least watermark could pass them
  for (const child of data.smembers(keys.of(`kids:${task}`))) settle(context, child)
  data.del(keys.of(`kids:${task}`))
  for (const exchange of sendsOf(context, name)) dropLine(context, exchange, task)
}

/** Whether nothing is left in its partition, and nothing can come any more. */
const isOver = (context: Context, exchange: string, partition: number): boolean =>
  context.data.zcard(context.keys.of(`wm:${exchange}`)) === 0 &&
  Number(context.data.hget(context.keys.of(`xm:${exchange}`), `at:${partition}`) ?? 0) ===
    endOf(context, exchange, partition)

/** Something new has come since it read that all had ended. */
function goOn(context: Context, stage: string, task: string): void {
  for (const exchange of sendsOf(context, stage)) setLine(context, exchange, task, floorOf(context, exchange))
}

/** The watermark that the task last wrote. */
export const writtenWatermark = ({ data, keys }: Pick<Context, 'data' | 'keys'>, task: string): number | undefined => {
  const wm = data.hget(keys.of(`ckpt:${task}`), 'wm')
  return wm === undefined ? undefined : parseScore(wm)
}
