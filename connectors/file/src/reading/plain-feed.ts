import type { FileHandle } from 'node:fs/promises'
import { ChunkBuffers, headroom } from './chunk.ts'
import type { Feed, Next } from './chunk.ts'
import type { FileGuard } from './file-guard.ts'

/** Reads a file as it is. */
export class PlainFeed implements Feed {
  readonly #handle: FileHandle
  readonly #guard: FileGuard | undefined
  readonly #buffers = new ChunkBuffers()
  readonly #sizeAtStart: number
  #offset: number

  /** @param guard present when the file is followed */
  constructor(handle: FileHandle, offset: number, size: number, guard?: FileGuard) {
    this.#handle = handle
    this.#offset = offset
    this.#sizeAtStart = size
    this.#guard = guard
  }

  get size(): number {
    return Math.max(this.#sizeAtStart, this.#guard?.size ?? 0)
  }

  async next(): Promise<Next> {
    const buffer = this.#buffers.current
    const { bytesRead } = await this.#handle.read(buffer, headroom, buffer.length - headroom, this.#offset)
    if (bytesRead === 0) return (await this.#guard?.intactAtTip()) === false ? 'replaced' : 'tip'
    if ((await this.#guard?.intact()) === false) return 'replaced'
    this.#guard?.see(buffer.subarray(headroom, headroom + bytesRead), this.#offset)
    this.#offset += bytesRead
    return this.#buffers.take(headroom + bytesRead)
  }
  release(): void {
    this.#buffers.release()
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
