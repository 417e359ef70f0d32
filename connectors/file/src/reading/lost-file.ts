import { MillraceError } from '@millrace/core'
import type { Partition, Position, Read, Reader } from '@millrace/core'
import type { FileMeta } from './file-records.ts'
import { parsePosition } from './position.ts'

/** Says that a file is gone whose end may not have been read. */
export function lostFile({ id }: Partition, position: Position): MillraceError {
  const message =
    `The file of partition ${id} is gone from its folder: what it held past byte ${parsePosition(position).offset}, ` +
    `if anything, was not read. Put it back (mv, as a copy is another file) and start again`
  return new MillraceError('SOURCE', message, { partition: id, position })
}

/** Says that a file does not hold what was read of it. */
export function changedFile(path: string, { id }: Partition, position: Position): MillraceError {
  const message =
    `${path} no longer holds what was read of it before byte ${parsePosition(position).offset}. ` +
    `Put the old content back into this file, or start the job anew`
  return new MillraceError('SOURCE', message, { partition: id, position })
}

/** Stands for a file that was deleted while nobody read it: a dead letter says so, and the others are read on. */
export class LostFileReader<T> implements Reader<T, FileMeta> {
  readonly #partition: Partition
  readonly #position: Position
  #hasReported = false

  constructor(partition: Partition, position: Position) {
    this.#partition = partition
    this.#position = position
  }

  async read(): Promise<Read<T, FileMeta>> {
    if (this.#hasReported) return { type: 'end' }
    this.#hasReported = true
    return this.#report()
  }

  async close(): Promise<void> {}

  #report(): Read<T, FileMeta> {
    const position = this.#position
    const refused = [{ position, error: lostFile(this.#partition, position), bytes: new Uint8Array(0) }]
    const unknown = (): never => {
      throw new RangeError('no such row')
    }
    return { type: 'records', values: [], arrival: 0, position, positionOf: unknown, metaOf: unknown, refused }
  }
}
