import type { ExchangeCursor, OutgoingFrame } from '@millrace/core'
import type { FoundEntries, ReadReply, ReadRequest } from '../scripts.ts'
import { type Context } from './run.ts'
import { watermarkOf } from './watermarks.ts'

/** Appends to a partition. Its position is the number of bytes that were ever sent there, so it is never used twice. */
export function publish({ data, keys }: Context, { exchange, partition, bytes }: OutgoingFrame): void {
  const id = data.hincrby(keys.of(`xm:${exchange}`), `end:${partition}`, Math.max(1, bytes.length))
  data.xadd(keys.of(`x:${exchange}:${partition}`), id, bytes)
}

export const endOf = ({ data, keys }: Context, exchange: string, partition: number): number =>
  Number(data.hget(keys.of(`xm:${exchange}`), `end:${partition}`) ?? 0)

const consumedOf = ({ data, keys }: Context, exchange: string, partition: number): number =>
  Number(data.hget(keys.of(`xm:${exchange}`), `at:${partition}`) ?? 0)

/** Drops what the consumer has read; never the other way. */
export function trim(context: Context, exchange: string, partition: number, position: number): void {
  const { data, keys } = context
  if (position <= consumedOf(context, exchange, partition)) return
  data.hset(keys.of(`xm:${exchange}`), { [`at:${partition}`]: String(position) })
  data.xtrim(keys.of(`x:${exchange}:${partition}`), position)
}

/** What waits in each partition. */
export function depths(context: Context, exchanges: readonly string[]): number[][] {
  return exchanges.map((exchange) => {
    const partitions = Number(context.data.hget(context.keys.of('stages'), exchange) ?? 0)
    return Array.from({ length: partitions }, (_, p) => endOf(context, exchange, p) - consumedOf(context, exchange, p))
  })
}

/** Reads partitions, each with the watermark that holds at its end. */
export function readExchanges(context: Context, { cursors, mostBytes, mostTotalBytes }: ReadRequest): ReadReply {
  for (const cursor of cursors) {
    const end = endOf(context, cursor.exchange, cursor.partition)
    if (Number(cursor.after) > end) return beyond(context, cursor, end)
  }
  let left = mostTotalBytes
  const found = cursors.map((cursor) => {
    const entries = read(context, cursor, Math.min(mostBytes, left))
    for (const { bytes } of entries.entries) left -= bytes.length
    return entries
  })
  return { type: 'read', found }
}

function beyond({ data, keys, server }: Context, cursor: ExchangeCursor, end: number): ReadReply {
  const get = (field: string): string => data.hget(keys.of('meta'), field) ?? ''
  const run = `${get('run')}.${get('generation')}`
  return { type: 'beyond', cursor, end: String(end), run, isAdopted: get('server') === server }
}

function read(context: Context, { exchange, partition, after }: ExchangeCursor, mostBytes: number): FoundEntries {
  const { data, keys } = context
  const [from, end] = [Number(after), endOf(context, exchange, partition)]
  const watermark = watermarkOf(context, exchange)
  if (mostBytes <= 0) return { entries: [], atEnd: from === end, watermark }
  const key = keys.of(`x:${exchange}:${partition}`)
  const fitting = data.xrange(key, from, from + mostBytes)
  const found = fitting.length > 0 ? fitting : data.xrange(key, from, Infinity).slice(0, 1)
  return {
    entries: found.map(({ id, bytes }) => ({ position: String(id), bytes })),
    // what is missing was trimmed: somebody has read it
    atEnd: found.length === 0 || found.at(-1)?.id === end,
    watermark,
  }
}
