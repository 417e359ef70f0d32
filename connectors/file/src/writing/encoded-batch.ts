import { ByteWriter, MillraceError } from '@millrace/core'
import type { Encoder, SinkBatch } from '@millrace/core'
import type { ResolvedFolderOptions } from '../options.ts'
import { checkSubfolder, compileSubfolder } from './subfolder.ts'
import type { ChooseSubfolder } from './subfolder.ts'

const newline = 10

/** The lines of one batch and where each goes: all of them, or an error, before any file is touched. */
export class EncodedBatch<T> {
  readonly #options: ResolvedFolderOptions<T>
  readonly #encoder: Encoder<T>
  readonly #subfolder: string | ChooseSubfolder<T>
  readonly #lines = new ByteWriter(64 * 1024)
  readonly #ends: number[] = []
  readonly #subfolders: string[] = []
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(options: ResolvedFolderOptions<T>) {
    this.#options = options
    this.#encoder = options.encode.encoder()
    this.#subfolder = compileSubfolder(options.subfolder)
  }

  get length(): number {
    return this.#ends.length
  }

  /** Encodes a batch. `isKnown` are the subfolders that need not be checked again. */
  encode({ length, values, times }: SinkBatch<T>, isKnown: (subfolder: string) => boolean): void {
    this.#lines.length = this.#ends.length = this.#subfolders.length = 0
    for (let i = 0; i < length; i++) {
      const value = values[i] as T
      if (typeof this.#subfolder === 'function') {
        const subfolder = this.#subfolder(value, times[i]!)
        this.#subfolders.push(isKnown(subfolder) ? subfolder : checkSubfolder(subfolder))
      }
      this.#encodeOne(value)
      this.#ends.push(this.#lines.length)
    }
    this.#bytes = this.#lines.view()
  }

  /** Subfolder of a line. */
  subfolderOf(row: number): string {
    return typeof this.#subfolder === 'string' ? this.#subfolder : this.#subfolders[row]!
  }

  /** Bytes of the lines before a row. */
  bytesBefore(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1]!
  }

  /** Lines `from` up to, not including, `to`. */
  slice(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(this.bytesBefore(from), this.bytesBefore(to))
  }

  #encodeOne(value: T): void {
    try {
      this.#encoder.encode(value, this.#lines)
    } catch (cause) {
      const { path, encode } = this.#options
      throw new MillraceError('SINK', `folder ${path}: ${encode.description} cannot write a record: ${String(cause)}`, {
        cause,
      })
    }
    this.#lines.byte(newline)
  }
}
