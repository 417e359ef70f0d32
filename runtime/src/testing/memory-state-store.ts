import { MillraceError, type StateBlob, type StateStore } from '@millrace/core'
import { contentHash } from '../worker/content-hash.ts'
import type { World } from '../world.ts'

/** State in this process, as a bucket outside of it would keep it. */
export class MemoryStateStore implements StateStore {
  readonly kind = 'memory'
  readonly #world: World
  readonly #tasks = new Map<string, Map<string, { readonly bytes: Uint8Array; readonly at: number }>>()

  constructor(world: World) {
    this.#world = world
  }

  async write(task: string, { id }: StateBlob, bytes: Uint8Array): Promise<void> {
    const blobs = this.#tasks.get(task) ?? new Map()
    this.#tasks.set(task, blobs)
    if (!blobs.has(id)) blobs.set(id, { bytes: bytes.slice(), at: this.#world.elapsed() })
  }

  async read(task: string, blob: StateBlob): Promise<Uint8Array> {
    const bytes = this.#tasks.get(task)?.get(blob.id)?.bytes
    if (bytes?.length === blob.bytes && (await contentHash(bytes, this.#world)) === blob.hash) return bytes.slice()
    const what = bytes === undefined ? 'it is missing' : 'it is not what its pointer says'
    throw new MillraceError('CORRUPT_STATE', `task ${task}: state ${blob.id}: ${what}`)
  }

  async list(task: string): Promise<{ readonly id: string; readonly ageMs: number }[]> {
    const now = this.#world.elapsed()
    return [...(this.#tasks.get(task) ?? [])].map(([id, { at }]) => ({ id, ageMs: now - at }))
  }

  async remove(task: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#tasks.get(task)?.delete(id)
  }

  /** Puts other bytes in its place, as a bad disk does; none: it is gone. */
  damage(task: string, id: string, bytes: Uint8Array | undefined): void {
    const blobs = this.#tasks.get(task)
    if (bytes === undefined) blobs?.delete(id)
    else blobs?.set(id, { bytes, at: this.#world.elapsed() })
  }

  async close(): Promise<void> {}
}
