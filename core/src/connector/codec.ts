import type { ByteWriter } from './byte-writer.ts'
import type { Slab } from './slab.ts'

/**
 * Translates between bytes and records of type `T`. A codec is an inert description; what runs is compiled from it once
 * a task, so a decoder may keep buffers and caches of its own, and is used by one task at a time.
 */
export interface Codec<T> {
  /** Media type of one record, e.g. `application/json`. */
  readonly contentType: string
  /** Short description for `explain`, without secrets, e.g. `json({ page, at })`. */
  readonly description: string
  decoder(): Decoder<T>
  encoder(): Encoder<T>
}

/** Takes what a decoder makes of one record that it refuses. `row` is the row of the slab. */
export type Refuse = (row: number, error: unknown) => void

/** Made by {@link Codec.decoder}. */
export interface Decoder<out T> {
  /**
   * Decodes the rows `from` up to, not including, `to`. The `j`-th record that decodes goes to `values[j]`, its row to
   * `rows[j]`; a row that does not decode goes to `refuse` instead and takes no place. Never throws for bad input.
   * Both arrays have room for `to - from` entries.
   *
   * @returns the number of records decoded
   */
  decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number
  readonly _type?: T
}

/** Made by {@link Codec.encoder}. */
export interface Encoder<in T> {
  /** Appends the bytes of one record, without separator. Throws for a record that cannot be written, appending nothing. */
  encode(value: T, out: ByteWriter): void
}
