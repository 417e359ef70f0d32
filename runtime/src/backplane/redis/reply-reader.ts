import type { Reply } from './redis-port.ts'

/** Text of a reply. */
export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString('utf8')
  return typeof reply === 'number' ? String(reply) : ''
}

/** Text of a reply; undefined for nil. */
export const textOrNone = (reply: Reply | undefined): string | undefined =>
  reply === null || reply === undefined ? undefined : textOf(reply)

export const numberOf = (reply: Reply | undefined): number => Number(textOf(reply))

/** Elements of a reply; none for nil. */
export const listOf = (reply: Reply | undefined): readonly Reply[] =>
  Array.isArray(reply) ? (reply as readonly Reply[]) : []

export const textsOf = (reply: Reply | undefined): string[] => listOf(reply).map(textOf)

/** Bytes of a reply, in memory of their own: a buffer of the client may be part of a much larger one. */
export const bytesOf = (reply: Reply | undefined): Uint8Array =>
  Buffer.isBuffer(reply) ? new Uint8Array(reply) : new Uint8Array()

/** Cuts a flat list into rows of so many columns. */
export function rowsOf(list: readonly Reply[], columns: number): (readonly Reply[])[] {
  const rows: (readonly Reply[])[] = []
  for (let at = 0; at < list.length; at += columns) rows.push(list.slice(at, at + columns))
  return rows
}
