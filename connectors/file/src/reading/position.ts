import { MillraceError } from '@millrace/core'
import type { Position } from '@millrace/core'

/** A {@link Position} of a file, taken apart. */
export interface FilePosition {
  /** In bytes of the content: of what comes out of a compressed file. */
  readonly offset: number
  /** Lines before it; undefined where reading did not begin at the start. */
  readonly line: number | undefined
  /** What the file must hold before the offset, see {@link Head.mark}. */
  readonly mark: string
}

/** Where every file begins. */
export const startOfFile: Position = '0:0:'

/** Writes a position: `offset:line:mark`. */
export const formatPosition = (offset: number, line: number | undefined, mark: string): Position =>
  offset === 0 ? startOfFile : `${offset}:${line ?? ''}:${mark}`

/** Takes a position apart. */
export function parsePosition(position: Position): FilePosition {
  const match = /^(\d+):(\d*):([0-9a-z]*)$/.exec(position)
  if (!match) throw new MillraceError('SOURCE', `${JSON.stringify(position)} is not a position in a file`, { position })
  return { offset: Number(match[1]), line: match[2] ? Number(match[2]) : undefined, mark: match[3] ?? '' }
}

/** Orders positions of one file. */
export const comparePositions = (a: Position, b: Position): number => parsePosition(a).offset - parsePosition(b).offset
