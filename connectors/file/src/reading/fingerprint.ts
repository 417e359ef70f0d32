/** How much of the beginning of a file goes into its marks. */
export const headBytes = 1024
/** How much of what lies right before a position goes into its mark. */
export const tailBytes = 64

const basis = 0x811c9dc5

/** FNV-1a over a range of bytes, going on from `hash`. */
export function fnv1a(bytes: Uint8Array, from: number, to: number, hash: number = basis): number {
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193)
  return hash >>> 0
}

/**
 * The first bytes of a file, as far as they have been seen. With the bytes before a position they make its *mark*, by
 * which a file that was truncated and filled again is told from one that only grew, whatever its size.
 */
export class Head {
  readonly bytes: Uint8Array = new Uint8Array(headBytes)
  length = 0
  #hash = basis

  /** Takes the bytes at `offset` of the file: more of the head if they go on where it ends. */
  see(bytes: Uint8Array, from: number, to: number, offset: number): void {
    if (offset !== this.length || this.length === headBytes) return
    const end = Math.min(to, from + headBytes - this.length)
    this.bytes.set(bytes.subarray(from, end), this.length)
    this.#hash = fnv1a(bytes, from, end, this.#hash)
    this.length += end - from
  }

  /** Mark of the position `offset`, where `bytes[at]` is the byte at it and as much of the tail as there is lies before. */
  mark(bytes: Uint8Array, at: number, offset: number): string {
    const hash = offset >= this.length ? this.#hash : fnv1a(this.bytes, 0, offset)
    return fnv1a(bytes, at - Math.min(tailBytes, offset), at, hash).toString(36)
  }
}

/** The first and the last bytes of all that was read of a file so far. */
export class Ends {
  readonly head: Head = new Head()
  tail: Uint8Array = new Uint8Array(0)
  /** How much was read: the offset behind `tail`. */
  offset = 0

  /** Takes the next bytes of the file. */
  see(bytes: Uint8Array): void {
    this.head.see(bytes, 0, bytes.length, this.offset)
    this.offset += bytes.length
    // A copy: slice() of a Buffer is a view of memory that is read into again.
    this.tail = bytes.length >= tailBytes ? Uint8Array.from(bytes.subarray(-tailBytes)) : this.#longer(bytes)
  }

  /** Mark of the position reached. */
  mark(): string {
    return this.head.mark(this.tail, this.tail.length, this.offset)
  }

  #longer(bytes: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.tail.length + bytes.length)
    all.set(this.tail)
    all.set(bytes, this.tail.length)
    return all.slice(-tailBytes)
  }
}
