const zstdMagic = 0xfd2f_b528
const skippableMagic = 0x184d_2a50

/** What comes next. */
type Step = 'magic' | 'length' | 'descriptor' | 'block' | 'unknown'

/**
 * Finds where the frames of zstd data end, by walking their headers: node:zlib stops after the first one and says nothing
 * of the rest. What is no frame has no end, so that the decompressor gets to see it and complains.
 *
 * ```
 *   magic ─▶ descriptor ─▶ header ─▶ block ─▶ (body) ─▶ block … ─▶ last block ─▶ body ─▶ (checksum) ─▶ magic
 *     └────▶ length ─▶ (body of a skippable frame) ─▶ magic
 * ```
 */
export class ZstdFrames {
  #step: Step = 'magic'
  /** Bytes of the field that is read now, little endian, and how many are missing. */
  #value = 0
  #missing = 4
  #got = 0
  /** Bytes to pass before the next field. */
  #pass = 0
  #hasChecksum = false

  /** Whether no frame has been begun. */
  get isBetween(): boolean {
    return this.#step === 'magic' && this.#got === 0 && this.#pass === 0
  }

  /** Walks on from `from`; returns where the frame ends, or the end of the bytes if it ends later. */
  walk(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length) {
      if (this.#step === 'unknown') return bytes.length
      if (this.#pass > 0) {
        const passed = Math.min(this.#pass, bytes.length - at)
        this.#pass -= passed
        at += passed
      } else {
        this.#value += bytes[at++]! * 256 ** this.#got++
        if (--this.#missing === 0) this.#field(this.#value)
      }
      if (this.isBetween) return at
    }
    return at
  }

  #field(value: number): void {
    if (this.#step === 'magic') this.#magic(value)
    else if (this.#step === 'length') this.#expect('magic', 4, value)
    else if (this.#step === 'descriptor') this.#descriptor(value)
    else this.#block(value)
  }

  #magic(value: number): void {
    if (value === zstdMagic) this.#expect('descriptor', 1)
    else if (value - (value % 16) === skippableMagic) this.#expect('length', 4)
    else this.#expect('unknown', 0)
  }

  #descriptor(value: number): void {
    const isSingleSegment = (value & 32) !== 0
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][value >> 6]!
    const dictionaryBytes = [0, 1, 2, 4][value & 3]!
    this.#hasChecksum = (value & 4) !== 0
    this.#expect('block', 3, (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes)
  }

  #block(value: number): void {
    const isRunLength = ((value >> 1) & 3) === 1
    const body = isRunLength ? 1 : value >> 3
    if ((value & 1) === 0) this.#expect('block', 3, body)
    else this.#expect('magic', 4, body + (this.#hasChecksum ? 4 : 0))
  }

  #expect(step: Step, bytes: number, pass = 0): void {
    this.#step = step
    this.#missing = bytes
    this.#pass = pass
    this.#value = 0
    this.#got = 0
  }
}
