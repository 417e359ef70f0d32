import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ZstdFrames } from './zstd-frames.ts'

/** How a file is compressed. */
export type Compression = 'gzip' | 'zstd'

/**
 * A decompression stream of node:zlib as a thing to pull from: it works on one piece of input at a time and makes no more
 * output than is read.
 */
export class Decompressor {
  readonly #stream: Transform
  readonly #frames: ZstdFrames | undefined
  #input: Uint8Array = new Uint8Array(0)
  #at = 0
  #isWriting = false
  #hasBegun = false
  #hasEnded = false
  #failure: Error | undefined
  #wake = (): void => undefined

  constructor(compression: Compression) {
    // A full buffer after each piece of output makes zlib wait, so that an error cannot overtake output.
    const options = { chunkSize: 128 * 1024, readableHighWaterMark: 1 }
    this.#stream = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
    this.#frames = compression === 'zstd' ? new ZstdFrames() : undefined
    this.#stream.on('readable', () => this.#wake())
    this.#stream.on('end', () => this.#ended(undefined))
    this.#stream.on('error', (error) => this.#ended(error))
  }

  /** Adds input, which stays in use until {@link read} asks for more. */
  write(input: Uint8Array): void {
    this.#input = input
    this.#at = 0
  }

  /** The next output; undefined when more input is needed. Rejects for corrupt input, after what came before it. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const output: Buffer | null = this.#stream.read()
      if (output) return output
      if (this.#failure) throw this.#failure
      // What follows the end is padding: zlib complains of anything else.
      if (this.#hasEnded) return undefined
      if (this.#isWriting) await this.#change()
      else if (this.#at < this.#input.length) this.#writeFrame()
      else return undefined
    }
  }

  /** Rejects if the input so far ends in the middle. To be called once `read` has given undefined. */
  async finish(): Promise<void> {
    if (this.#frames?.isBetween === false) throw new Error('unexpected end of file')
    // An empty file is taken for an empty one, not for one that was cut.
    if (this.#frames || this.#hasEnded || !this.#hasBegun) return
    this.#stream.end()
    while (!this.#hasEnded) {
      this.#stream.read()
      if (!this.#hasEnded) await this.#change()
    }
    if (this.#failure) throw this.#failure
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /** Writes up to the end of a frame, as what comes after it in one write would be ignored. */
  #writeFrame(): void {
    const end = this.#frames?.walk(this.#input, this.#at) ?? this.#input.length
    const piece = this.#input.subarray(this.#at, end)
    this.#at = end
    this.#isWriting = this.#hasBegun = true
    this.#stream.write(piece, () => {
      this.#isWriting = false
      this.#wake()
    })
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  #ended(failure: Error | undefined): void {
    this.#hasEnded = true
    this.#failure = failure
    this.#wake()
  }
}
