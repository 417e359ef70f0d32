import { type Lease, tenureId } from '@millrace/core'
import { formatScore } from './keys.ts'
import type { Argument } from './redis-port.ts'
import type { FoundRow, Piece, ReadRequest, RestoredTask, StageShape, WriteRequest } from './scripts.ts'

// Arguments of scripts, in the order that the headers in lua/ give.

export const stageNameOf = (task: string): string => task.slice(0, task.indexOf('/'))

export const leaseArguments = ({ run, task, epoch, nonce }: Lease): string[] => [run, task, String(epoch), nonce]

export const stageArguments = ({ name, kind, partitions, sends }: StageShape): string[] => [
  name,
  kind,
  String(partitions),
  JSON.stringify(sends),
]

/** Text that may be missing. */
const optional = (text: string | undefined): string => (text === undefined ? '0' : `1${text}`)

export const childArguments = ({ id, partition, start, parents }: FoundRow): string[] => [
  id,
  partition,
  optional(start),
  JSON.stringify(parents),
]

export const pieceArguments = (piece: Piece): Argument[] =>
  piece.type === 'letter' ? ['', piece.bytes] : [`${piece.exchange}:${piece.partition}`, piece.bytes]

export function writeArguments(request: WriteRequest): Argument[] {
  const { lease, seq, takenAt, record, watermark, idle, sends, consumed, staged, contents, redriven, ended } = request
  return [
    ...leaseArguments(lease),
    String(seq),
    tenureId(lease),
    String(takenAt),
    record,
    watermark === undefined ? '' : formatScore(watermark),
    idle ? '1' : '0',
    JSON.stringify(sends),
    consumed?.exchange ?? '',
    String(consumed?.partition ?? ''),
    consumed?.position ?? '',
    String(staged),
    String(contents.length),
    String(redriven.length),
    ended === undefined ? '' : String(ended.length),
    ...contents.flatMap(pieceArguments),
    ...redriven.map(String),
    ...(ended ?? []).flatMap(childArguments),
  ]
}

export const readArguments = ({ cursors, mostBytes, mostTotalBytes }: ReadRequest): string[] => [
  String(mostBytes),
  String(mostTotalBytes),
  ...cursors.flatMap(({ exchange, partition, after }) => [exchange, String(partition), after]),
]

export function restoreArguments(row: RestoredTask, kind: StageShape['kind']): string[] {
  const { task, state, partition, start, parents, from, end, seq, takenAt, watermark, record } = row
  const given = (value: string | number | undefined): string => (value === undefined ? '' : `1${value}`)
  const score = (value: number | undefined): string => given(value === undefined ? undefined : formatScore(value))
  return [
    task,
    kind,
    state,
    given(partition),
    given(start),
    JSON.stringify(parents),
    formatScore(from),
    score(end),
    String(seq),
    given(takenAt),
    score(watermark),
    given(record),
  ]
}
