import { MillraceError } from '../errors.ts'

// A byte order mark is part of the text: without it, two keys would be one.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads what a {@link ByteWriter} wrote. Throws CORRUPT_STATE when it would read past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Index of the next byte. */
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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
    this.#need(length)
    const value = this.#bytes.subarray(this.at, this.at + length)
    this.at += length
    return value
  }

  text(length: number): string {
    return utf8.decode(this.bytes(length))
  }

  #need(length: number): void {
    if (this.at + length > this.#bytes.length) throw cut(this.at)
  }
}

const cut = (at: number): MillraceError =>
  new MillraceError('CORRUPT_STATE', `stored state ends in the middle of a value, at byte ${at}`)
