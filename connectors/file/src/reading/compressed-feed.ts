import type { FileHandle } from 'node:fs/promises'
import { MillraceError } from '@millrace/core'
import { ChunkBuffers, headroom } from './chunk.ts'
import type { Feed, Next } from './chunk.ts'
import { Decompressor } from './decompressor.ts'
import type { Compression } from './decompressor.ts'
import type { FileGuard } from './file-guard.ts'

const rawBytes = 256 * 1024
/** Input given to the decompressor at a time: what a corrupt piece would have given is lost at first. */
const sliceBytes = 16 * 1024
/** The same when a corrupt piece is gone through again. */
const fineSliceBytes = 1

/** Reads what a compressed file holds. Offsets are of the content, so a file may be compressed anew and mended. */
export class CompressedFeed implements Feed {
  readonly #handle: FileHandle
  readonly #compression: Compression
  readonly #path: string
  readonly #guard: FileGuard | undefined
  readonly #buffers = new ChunkBuffers()
  /** Absent while the reader waits at the tip. */
  #raw: Buffer | undefined
  #decompressor: Decompressor
  #rawOffset = 0
  #rawAt = 0
  #rawEnd = 0
  /** Where in the file the last slice begins. */
  #sliceStart = 0
  /** Content that came out so far, and how much of what comes next came out before. */
  #made = 0
  #again = 0
  /** Output that found no room in a chunk. */
  #rest: Buffer | undefined
  /** Where in the file a corrupt slice begins. */
  #corruptAt: number | undefined

  /** @param guard of the compressed bytes; present when the file is followed */
  constructor(handle: FileHandle, compression: Compression, path: string, guard?: FileGuard) {
    this.#handle = handle
    this.#compression = compression
    this.#path = path
    this.#guard = guard
    this.#decompressor = new Decompressor(compression)
  }

  readonly size: undefined

  async next(): Promise<Next> {
    const buffer = this.#buffers.current
    let end = headroom
    while (end < buffer.length) {
      const piece = this.#rest ?? (await this.#output(end > headroom))
      if (typeof piece === 'string') return end > headroom ? this.#buffers.take(end) : piece
      const copied = piece.copy(buffer, end)
      end += copied
      this.#rest = copied < piece.length ? piece.subarray(copied) : undefined
    }
    return this.#buffers.take(end)
  }

  release(): void {
    this.#buffers.release()
    if (this.#rawAt === this.#rawEnd) this.#raw = undefined
  }

  async finish(): Promise<void> {
    await this.#decompressor.finish().catch((error: unknown) => {
      throw this.#error(error)
    })
  }

  async close(): Promise<void> {
    this.destroy()
    await this.#handle.close()
  }

  /** Frees what is held but the file. */
  destroy(): void {
    this.#decompressor.destroy()
  }

  /** The next output; `tip` also where an error comes next and the caller has something to deliver before it. */
  async #output(hasSome: boolean): Promise<Buffer | 'tip' | 'replaced'> {
    for (;;) {
      try {
        const output = await this.#decompressor.read()
        const fresh = output && this.#fresh(output)
        if (fresh && fresh.length > 0) return fresh
        if (output) continue
      } catch (error) {
        if (this.#corruptAt === undefined) this.#goThroughAgain()
        else if (hasSome) return 'tip'
        else throw this.#error(error)
        continue
      }
      const slice = await this.#slice()
      if (typeof slice === 'string') return slice
      this.#decompressor.write(slice)
    }
  }

  /** What of an output did not come out before. */
  #fresh(output: Buffer): Buffer {
    const known = Math.min(this.#again, output.length)
    this.#again -= known
    this.#made += output.length - known
    return output.subarray(known)
  }

  /** zlib drops what it made of a piece that turns out corrupt: begin anew, with smaller pieces from there on. */
  #goThroughAgain(): void {
    this.#corruptAt = this.#sliceStart
    this.#again = this.#made
    this.#decompressor.destroy()
    this.#decompressor = new Decompressor(this.#compression)
    this.#rawOffset = this.#rawAt = this.#rawEnd = 0
  }

  async #slice(): Promise<Buffer | 'tip' | 'replaced'> {
    if (this.#rawAt === this.#rawEnd) {
      const filled = await this.#fill()
      if (filled !== 'filled') return filled
    }
    this.#sliceStart = this.#rawOffset - (this.#rawEnd - this.#rawAt)
    const isFine = this.#corruptAt !== undefined && this.#sliceStart >= this.#corruptAt
    const start = this.#rawAt
    const toCorrupt = this.#corruptAt === undefined || isFine ? rawBytes : this.#corruptAt - this.#sliceStart
    this.#rawAt = Math.min(this.#rawEnd, start + Math.min(isFine ? fineSliceBytes : sliceBytes, toCorrupt))
    return this.#raw!.subarray(start, this.#rawAt)
  }

  async #fill(): Promise<'filled' | 'tip' | 'replaced'> {
    const raw = (this.#raw ??= Buffer.allocUnsafeSlow(rawBytes))
    const { bytesRead } = await this.#handle.read(raw, 0, rawBytes, this.#rawOffset)
    if (bytesRead === 0) return (await this.#guard?.intactAtTip()) === false ? 'replaced' : 'tip'
    if ((await this.#guard?.intact()) === false) return 'replaced'
    this.#guard?.see(raw.subarray(0, bytesRead), this.#rawOffset)
    this.#rawOffset += bytesRead
    this.#rawAt = 0
    this.#rawEnd = bytesRead
    return 'filled'
  }

  #error(cause: unknown): MillraceError {
    const what = cause instanceof Error ? cause.message : String(cause)
    return new MillraceError(
      'SOURCE',
      `${this.#path}: the ${this.#compression} data cannot be read past byte ${this.#made} of its content ` +
        `(byte ${this.#sliceStart} of the file): ${what}. Mend the file in place (cp a good copy over it, do not move ` +
        `one there) and start again: reading goes on behind the last line that was delivered`,
      { cause },
    )
  }
}
