/**
 * Many records as one piece of memory: record `i` is `bytes[starts[i]]` up to, not including, `bytes[ends[i]]`.
 *
 * A reader works one read ahead of the task: it may use the memory of a slab again from the second `read()` after the
 * one that gave it, not from the first.
 */
export interface Slab {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Number of records; `starts` and `ends` may be longer. */
  readonly length: number
}
