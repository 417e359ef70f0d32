import { ByteWriter, type Encoder } from '@millrace/core'

const chunkBytes = 256 * 1024
/** A chunk that has less left is not begun upon again, as it would have to grow. */
const spareBytes = 16 * 1024

/** Encodes records one after the other into large pieces of memory: one of its own for each would cost more than all else. */
export class RecordBytes<T> {
  readonly #encoder: Encoder<T>
  #out: ByteWriter = new ByteWriter(chunkBytes)

  constructor(encoder: Encoder<T>) {
    this.#encoder = encoder
  }

  /** The bytes of a record; they stay as they are. Throws for one that cannot be written. */
  of(record: T): Uint8Array {
    if (this.#out.length > chunkBytes - spareBytes) this.#out = new ByteWriter(chunkBytes)
    const start = this.#out.length
    try {
      this.#encoder.encode(record, this.#out)
    } catch (error) {
      this.#out.length = start
      throw error
    }
    return this.#out.view(start)
  }
}
