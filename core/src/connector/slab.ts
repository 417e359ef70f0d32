/**
 * Many records as one piece of memory: record `i` is `bytes[starts[i]]` up to, not including, `bytes[ends[i]]`.
 *
 * The bytes belong to whoever holds the slab until the read that made it is consumed; nobody writes to them.
 */
export interface Slab {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Number of records; `starts` and `ends` may be longer. */
  readonly length: number
}
