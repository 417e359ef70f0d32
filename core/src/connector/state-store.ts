import type { StateBlob } from './backplane.ts'

/**
 * Keeps the bytes of state outside of the backplane: a shared volume, a bucket. Names hold a tenure and a number and are
 * used once, so nothing is ever overwritten, whoever writes late.
 */
export interface StateStore {
  /** Kind of store: `file`, `s3`, `redis`. */
  readonly kind: string
  /** Stores a blob; durable when it resolves. A repeat with the same bytes changes nothing. */
  write(task: string, blob: StateBlob, bytes: Uint8Array): Promise<void>
  /** Rejects with CORRUPT_STATE when it is missing or not what the pointer says. */
  read(task: string, blob: StateBlob): Promise<Uint8Array>
  /** All blobs of a task, with their age in ms by the store's own clock. */
  list(task: string): Promise<readonly { readonly id: string; readonly ageMs: number }[]>
  /** Removes blobs; those that are gone already do not matter. */
  remove(task: string, ids: readonly string[]): Promise<void>
  close(): Promise<void>
}
