import { ByteWriter, type Encoder } from '@millrace/core'

const chunkBytes = 256 * 1024
/** A chunk that has less left is not begun upon again, as it would have to grow. */
const spareBytes = 16 * 1024

/** Bytes of a record, within memory that it may share with others. A view of its own for each would cost more than to encode it. */
export interface RecordData {
  slab: Buffer
  start: number
  end: number
}

/** Encodes records one after the other into large pieces of memory. */
export class RecordBytes<T> {
  readonly #encoder: Encoder<T>
  #out: ByteWriter = new ByteWriter(chunkBytes)
  #slab: Buffer = bufferOf(this.#out.memory)

  constructor(encoder: Encoder<T>) {
    this.#encoder = encoder
  }

  /** The bytes of a record; they stay as they are. Throws for one that cannot be written. */
  of(record: T): RecordData {
    if (this.#out.length > chunkBytes - spareBytes) this.#out = new ByteWriter(chunkBytes)
    const out = this.#out
    const start = out.length
    try {
      this.#encoder.encode(record, out)
    } catch (error) {
      out.length = start
      throw error
    }
    if (out.memory.buffer !== this.#slab.buffer) this.#slab = bufferOf(out.memory)
    return { slab: this.#slab, start, end: out.length }
  }
}

/** The same bytes. */
export const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
