import { MillraceError, type Position } from '@millrace/core'

/**
 * Where a reader of a shard stands. As text: `TRIM_HORIZON`, `AT_TIMESTAMP:<ms>`, `<number>[.<sub>][@<ms>]` behind the record of that sequence
 * number, or behind the member `sub` of an aggregate of that number, and `=<number>[.<sub>]` at it. `@` is a time up to which all that had
 * arrived was read.
 */
export type ShardPosition =
  | { readonly type: 'earliest' }
  | { readonly type: 'time'; readonly at: number }
  | RecordPosition

/** At or behind a record. */
export interface RecordPosition {
  readonly type: 'at' | 'after'
  readonly sequenceNumber: string
  /** Index of a member of an aggregate; absent for the first one (`at`) or the last (`after`). */
  readonly sub: number | undefined
  /** In ms since 1970. */
  readonly readUpTo: number | undefined
}

/** At the oldest record that the stream still has. */
export const earliest: Position = 'TRIM_HORIZON'

/** At the first record that arrives at or after a moment, in ms since 1970. */
export const atTime = (ms: number): Position => `AT_TIMESTAMP:${ms}`

/** At a record, or at a member of it. */
export const atRecord = (sequenceNumber: string, sub = 0): Position => `=${sequenceNumber}${sub === 0 ? '' : `.${sub}`}`

/** Behind a record, or behind a member of it: what KCL calls a checkpoint. */
export function afterRecord(sequenceNumber: string, sub?: number, readUpTo?: number): Position {
  return `${sequenceNumber}${sub === undefined ? '' : `.${sub}`}${readUpTo === undefined ? '' : `@${readUpTo}`}`
}

const pattern = /^(=?)(\d{1,129})(?:\.(\d+))?(?:@(\d+))?$/

/** @throws MillraceError SOURCE for what no source of Kinesis has made */
export function parsePosition(position: Position): ShardPosition {
  if (position === earliest) return { type: 'earliest' }
  if (position.startsWith('AT_TIMESTAMP:')) return { type: 'time', at: Number(position.slice('AT_TIMESTAMP:'.length)) }
  const match = pattern.exec(position)
  if (match === null)
    throw new MillraceError('SOURCE', `'${position}' is no position in a shard of Kinesis`, { position })
  const [, sign, sequenceNumber = '', sub, readUpTo] = match
  return {
    type: sign === '=' ? 'at' : 'after',
    sequenceNumber,
    sub: sub === undefined ? undefined : Number(sub),
    readUpTo: readUpTo === undefined ? undefined : Number(readUpTo),
  }
}

/** True for a row that lies before a position: it is not to be read again. */
export function isBefore(sequenceNumber: string, sub: number, position: RecordPosition): boolean {
  return sequenceNumber === position.sequenceNumber && 2 * sub + 0.5 < placeOf(position)
}

/** Sequence numbers are longer than any number, and not all of one length. */
export function comparePositions(a: Position, b: Position): number {
  const [left, right] = [parsePosition(a), parsePosition(b)]
  if (!isRecord(left) || !isRecord(right)) return rank(left) - rank(right)
  const [first, second] = [BigInt(left.sequenceNumber), BigInt(right.sequenceNumber)]
  if (first !== second) return first < second ? -1 : 1
  const [place, other] = [placeOf(left), placeOf(right)]
  return place === other ? 0 : place - other
}

const isRecord = (position: ShardPosition): position is RecordPosition =>
  position.type === 'at' || position.type === 'after'

/** The same, for those who go on from it. */
export const recordOf = (position: ShardPosition): RecordPosition | undefined =>
  isRecord(position) ? position : undefined

/** Before the member `n` is 2n, behind it 2n + 1; behind the whole record is behind all of its members. */
function placeOf({ type, sub }: RecordPosition): number {
  return type === 'at' ? 2 * (sub ?? 0) : 2 * (sub ?? Infinity) + 1
}

function rank(position: ShardPosition): number {
  if (position.type === 'earliest') return -1
  return position.type === 'time' ? position.at : Number.MAX_VALUE
}
