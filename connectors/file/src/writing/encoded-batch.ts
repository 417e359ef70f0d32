import { ByteWriter, MillraceError } from '@millrace/core'
import type { Encoder, SinkBatch, SinkContext } from '@millrace/core'
import type { ResolvedFolderOptions } from '../options.ts'
import { checkSubfolder, compileSubfolder } from './subfolder.ts'
import type { ChooseSubfolder } from './subfolder.ts'

const newline = 10

/** The lines of one batch and where each goes, before any file is touched; records that cannot be written are refused. */
export class EncodedBatch<T> {
  readonly #options: ResolvedFolderOptions<T>
  readonly #refuse: SinkContext['refuse']
  readonly #encoder: Encoder<T>
  readonly #subfolder: string | ChooseSubfolder<T>
  readonly #lines = new ByteWriter(64 * 1024)
  readonly #ends: number[] = []
  readonly #subfolders: string[] = []
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(options: ResolvedFolderOptions<T>, refuse: SinkContext['refuse']) {
    this.#options = options
    this.#refuse = refuse
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
      const time = times[i]!
      try {
        this.#add(value, time, isKnown)
      } catch (cause) {
        this.#lines.length = this.bytesBefore(this.length)
        this.#refuse({ value, time, error: this.#described(cause) })
      }
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

  #add(value: T, time: number, isKnown: (subfolder: string) => boolean): void {
    const subfolder = typeof this.#subfolder === 'function' ? this.#subfolder(value, time) : undefined
    if (subfolder !== undefined && !isKnown(subfolder)) checkSubfolder(subfolder)
    this.#encoder.encode(value, this.#lines)
    this.#lines.byte(newline)
    this.#ends.push(this.#lines.length)
    if (subfolder !== undefined) this.#subfolders.push(subfolder)
  }

  #described(cause: unknown): MillraceError {
    const { path, encode } = this.#options
    const message = `folder ${path}: ${encode.description} cannot write a record: ${String(cause)}`
    return new MillraceError('SINK', message, { cause })
  }
}
