import { MillraceError } from '../errors.ts'
import { byteText, type ByteText } from './byte-text.ts'

/** Reads what a {@link ByteWriter} wrote. Throws CORRUPT_STATE when it would read past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #text: ByteText
  /** Index of the next byte. */
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#text = byteText(bytes)
  }

  get done(): boolean {
    return this.at >= this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.at]
    if (value === undefined) throw cut(this.at)
    this.at++
    return value
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER)
        throw new MillraceError('CORRUPT_STATE', `stored state has a number that is too large before byte ${this.at}`)
      if (byte < 128) return value
      scale *= 128
      // A number is as short as can be.
      if (scale > Number.MAX_SAFE_INTEGER) throw cut(this.at)
    }
  }

  float64(): number {
    this.#need(8)
    const value = this.#view.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#pass(length)
    return this.#bytes.subarray(start, this.at)
  }

  /** Text of UTF-8; a byte order mark is part of it: without, two keys would be one. */
  text(length: number): string {
    const start = this.#pass(length)
    try {
      return this.#text.utf8(start, this.at)
    } catch (cause) {
      throw new MillraceError('CORRUPT_STATE', `stored state has text that is not UTF-8 at byte ${start}`, { cause })
    }
  }

  /** One character a byte: the quickest form in which bytes can be a key. */
  binary(length: number): string {
    return this.#text.binary(this.#pass(length), this.at)
  }

  /** Passes over some bytes. */
  skip(length: number): void {
    this.#pass(length)
  }

  /** Passes over some bytes; answers where they begin. */
  #pass(length: number): number {
    this.#need(length)
    const start = this.at
    this.at += length
    return start
  }

  #need(length: number): void {
    if (this.at + length > this.#bytes.length) throw cut(this.at)
  }
}

const cut = (at: number): MillraceError =>
  new MillraceError('CORRUPT_STATE', `stored state ends in the middle of a value, at byte ${at}`)
