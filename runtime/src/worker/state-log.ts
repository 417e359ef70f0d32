import type { StateBlob } from '@millrace/core'

const mostBlobs = 32
/** Below this, merging costs more than it saves. */
const leastBytes = 1024 * 1024

/** The base and the deltas that make up the state of a task, as the last checkpoint names them. */
export class StateLog {
  /** Number of the checkpoint that named the blobs. */
  seq: number
  #blobs: readonly StateBlob[]
  #merged: { readonly base: StateBlob; readonly of: readonly StateBlob[] } | undefined

  constructor(seq = 0, blobs: readonly StateBlob[] = []) {
    this.seq = seq
    this.#blobs = blobs
  }

  get blobs(): readonly StateBlob[] {
    return this.#blobs
  }

  get bytes(): number {
    return sum(this.#blobs)
  }

  /** Reading it back would take too many blobs, or mostly read what was overwritten. */
  get isLong(): boolean {
    const base = sum(this.#blobs.filter(({ kind }) => kind === 'base'))
    const deltas = this.bytes - base
    return this.#merged === undefined && (this.#blobs.length > mostBlobs || deltas > Math.max(2 * base, leastBytes))
  }

  /** A stored base that stands for the first blobs of this log; the next checkpoint names it. */
  merged(base: StateBlob, of: readonly StateBlob[]): void {
    this.#merged = { base, of }
  }

  /** What the next checkpoint names beside its own delta. */
  get next(): readonly StateBlob[] {
    return this.#merged ? [this.#merged.base, ...this.#blobs.slice(this.#merged.of.length)] : this.#blobs
  }

  /** The checkpoint that names these was written. @returns whether some are no longer named */
  advance(seq: number, blobs: readonly StateBlob[]): boolean {
    const dropped = this.#blobs.some(({ id }) => !blobs.some((blob) => blob.id === id))
    this.seq = seq
    this.#blobs = blobs
    this.#merged = undefined
    return dropped
  }
}

const sum = (blobs: readonly StateBlob[]): number => blobs.reduce((total, { bytes }) => total + bytes, 0)
