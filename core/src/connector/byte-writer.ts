const utf8 = new TextEncoder()

/** A byte buffer that grows as it is written to. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  /** Bytes written so far; may be set back to an earlier value to undo what was written since. */
  length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.length++] = value
  }

  /** Writes another byte over one that was written. */
  replace(at: number, value: number): void {
    this.#bytes[at] = value
  }

  /** Unsigned LEB128: 7 bits a byte, lowest first; for integers from 0 to 2^53 − 1. */
  varint(value: number): void {
    while (value > 0x7fff_ffff) {
      this.byte((value % 128) | 128)
      value = Math.floor(value / 128)
    }
    while (value > 127) {
      this.byte((value & 127) | 128)
      value >>>= 7
    }
    this.byte(value)
  }

  /** Eight bytes, IEEE 754, little endian. */
  float64(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.length)
    this.length += value.length
  }

  /** UTF-8, without a length. Lone surrogates become U+FFFD, as everywhere in the platform. */
  text(value: string): void {
    const { length } = value
    this.#room(length * 3)
    if (length < 64) {
      const bytes = this.#bytes
      let at = this.length
      let i = 0
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        bytes[at++] = code
      }
      if (i === length) {
        this.length = at
        return
      }
    }
    this.length += utf8.encodeInto(value, this.#bytes.subarray(this.length)).written
  }

  /** What was written from a place on, as a view that the next write may overwrite. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.length)
  }

  /** What it writes to; another one once it has grown. */
  get memory(): Uint8Array {
    return this.#bytes
  }

  /** What was written, as a copy; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length)
    this.length = 0
    return taken
  }

  #room(more: number): void {
    if (this.length + more > this.#bytes.length) this.#grow(more)
  }

  #grow(more: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more))
    bytes.set(this.#bytes.subarray(0, this.length))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
