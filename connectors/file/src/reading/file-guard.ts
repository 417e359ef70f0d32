import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Ends, headBytes, tailBytes } from './fingerprint.ts'

/**
 * Watches over a file that is followed: a log only grows, so what was read of it must still be there. A size below the
 * offset, another beginning, or other bytes before the offset mean that it was truncated, and maybe filled again.
 */
export class FileGuard {
  readonly #handle: FileHandle
  /** Beginning and end of what was read. */
  readonly #ends: Ends
  #changed = -1n
  #size = -1n
  /** Looks once more after a change: a second one may have come within one tick of the clock of the file system. */
  #again = true

  constructor(handle: FileHandle, ends: Ends) {
    this.#handle = handle
    this.#ends = ends
  }

  /** Takes what was read at an offset: next, or once more. */
  see(bytes: Uint8Array, offset: number): void {
    const known = this.#ends.offset - offset
    if (known < bytes.length) this.#ends.see(bytes.subarray(known))
  }

  /** Whether all that was read is still there; to be asked after each read and before its bytes are used. */
  async intact(): Promise<boolean> {
    const { head, tail, offset } = this.#ends
    const stats = await this.#handle.stat({ bigint: true })
    this.#again = this.#isNew(stats)
    if (stats.size < offset) return false
    return (
      (await holds(this.#handle, head.bytes.subarray(0, head.length), 0)) &&
      (await holds(this.#handle, tail, offset - tail.length))
    )
  }

  /** The same at the tip, where nothing was read: cheap while the file does not change. */
  async intactAtTip(): Promise<boolean> {
    const stats = await this.#handle.stat({ bigint: true })
    if (!this.#isNew(stats) && !this.#again) return true
    return this.intact()
  }

  /** Bytes in the file when last looked. */
  get size(): number {
    return Number(this.#size)
  }

  #isNew({ mtimeNs, size }: BigIntStats): boolean {
    const isNew = mtimeNs !== this.#changed || size !== this.#size
    this.#changed = mtimeNs
    this.#size = size
    return isNew
  }
}

/** Reads what lies before `offset` as far as a mark depends on it; undefined if the file is shorter. */
export async function readEnds(handle: FileHandle, offset: number): Promise<Ends | undefined> {
  const ends = new Ends()
  const head = await readAt(handle, 0, Math.min(headBytes, offset))
  const tail = await readAt(handle, Math.max(0, offset - tailBytes), Math.min(tailBytes, offset))
  if (head.length < Math.min(headBytes, offset) || tail.length < Math.min(tailBytes, offset)) return undefined
  ends.head.see(head, 0, head.length, 0)
  ends.tail = tail
  ends.offset = offset
  return ends
}

async function holds(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<boolean> {
  return (await readAt(handle, offset, bytes.length)).equals(bytes)
}

/** Bytes of a file; fewer at its end. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await handle.read(buffer, read, length - read, offset + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return buffer.subarray(0, read)
}
