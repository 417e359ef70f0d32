/** A piece of the content of a file: `buffer[start]` up to, not including, `buffer[end]`. What lies before is free to use. */
export interface Chunk {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

/** The next chunk, `tip` when there is none (yet), or `replaced` when the file is no longer the one that was opened. */
export type Next = Chunk | 'tip' | 'replaced'

/** The content of one file from some offset on, chunk by chunk. A chunk is the taker's until the third `next` after it. */
export interface Feed {
  next(): Promise<Next>
  /** Drops the memory that it reads into: none of its chunks is needed any more. */
  release(): void
  /** To be called at the tip when nothing will be added: rejects if the content is cut short. */
  finish(): Promise<void>
  /** Bytes of content in the file when last looked; undefined when only reading would tell. */
  readonly size: number | undefined
  close(): Promise<void>
}

const leastBytes = 64 * 1024
const mostBytes = 1024 * 1024
/** Room in front of a chunk, so that the beginning of a line can be put there instead of moving the chunk. */
export const headroom: number = 64 * 1024

/**
 * Three buffers used in turn; they grow while they are filled to the brim. One is read into, one is cut into lines, and
 * the lines of the one before may still be at work, as who takes them asks for the next ones meanwhile.
 */
export class ChunkBuffers {
  #buffers: (Buffer | undefined)[] = []
  #turn = 0
  #bytes = leastBytes

  /** The buffer whose turn it is: free from {@link headroom} on. */
  get current(): Buffer {
    const buffer = this.#buffers[this.#turn]
    if (buffer && buffer.length >= headroom + this.#bytes) return buffer
    return (this.#buffers[this.#turn] = Buffer.allocUnsafeSlow(headroom + this.#bytes))
  }

  /** Hands out the current buffer, filled up to `end`; then it is the next one's turn. */
  take(end: number): Chunk {
    const buffer = this.current
    if (end === buffer.length) this.#bytes = Math.min(mostBytes, this.#bytes * 2)
    this.#turn = (this.#turn + 1) % 3
    return { buffer, start: headroom, end }
  }

  release(): void {
    this.#buffers = []
    this.#bytes = leastBytes
  }
}
