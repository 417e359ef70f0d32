/** Reads a frame from its begin to its end. Throws an Error when it would read past it. */
export class FrameReader {
  readonly #bytes: Buffer
  /** Index of the next byte. */
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Number of bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.at
  }

  byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw cut()
    return byte
  }

  /** Unsigned LEB128, as `ByteWriter` writes it. */
  varint(): number {
    let byte = this.byte()
    if (byte < 128) return byte
    let value = byte & 127
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = this.byte()
      value += (byte & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new Error('it has a number that is too large')
    }
    return value
  }

  /** How many follow, each of at least one byte. */
  count(): number {
    const count = this.varint()
    if (count > this.left) throw cut()
    return count
  }

  float64(): number {
    return this.#bytes.readDoubleLE(this.#pass(8))
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#pass(length)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  /** A text of its own, after its length. */
  text(): string {
    const start = this.#pass(this.varint())
    return this.#bytes.toString('utf8', start, this.at)
  }

  #pass(length: number): number {
    if (length > this.left) throw cut()
    const start = this.at
    this.at += length
    return start
  }
}

const cut = (): Error => new Error('it ends too early')
