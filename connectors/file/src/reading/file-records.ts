import type { Meta, Position, Records, RefusedRow, Slab } from '@millrace/core'
import type { Place } from './file-finder.ts'
import type { LineCutter, Rows } from './line-cutter.ts'

/** What is known of a line of a file. */
export interface FileMeta extends Meta {
  /** Where the file was when it was opened. */
  readonly path: string
  /** Byte of the content at which the line begins. */
  readonly offset: number
  /** Number of the line, from 1; absent where reading did not begin at the start of the file. */
  readonly line?: number
}

/** Where lines come from. */
export interface Origin extends Place {
  readonly partition: string
}

/** Lines that a cutter has cut. */
export class FileRecords<T> implements Records<T, FileMeta> {
  readonly type = 'records'
  readonly slab: Slab
  readonly arrival: number
  readonly position: Position
  readonly refused: readonly RefusedRow[]
  readonly backlog?: number
  readonly #cutter: LineCutter
  readonly #rows: Rows
  readonly #origin: Origin

  constructor(
    cutter: LineCutter,
    rows: Rows,
    origin: Origin,
    arrival: number,
    refused: readonly RefusedRow[],
    backlog?: number,
  ) {
    this.slab = rows
    this.arrival = arrival
    this.position = cutter.position
    this.refused = refused
    if (backlog !== undefined) this.backlog = backlog
    this.#cutter = cutter
    this.#rows = rows
    this.#origin = origin
  }

  positionOf(row: number): Position {
    return this.#cutter.positionOf(this.#rows, row)
  }

  metaOf(row: number): FileMeta {
    const { partition, path } = this.#origin
    const { base, line, starts } = this.#rows
    const offset = base + starts[row]!
    return { partition, arrival: this.arrival, path, offset, ...(line !== undefined && { line: line + row + 1 }) }
  }
}
