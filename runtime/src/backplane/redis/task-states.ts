import { type Checkpoint, type Lease, MillraceError, type StateBlob, type StateStore, tenureId } from '@millrace/core'
import type { World } from '../../world.ts'

/** What is known of the blobs of a task under one tenure. */
interface Known {
  readonly tenure: string
  /** Stored by this tenure, named by no record yet. */
  readonly pending: Set<string>
  /** Named by the last record. */
  named: ReadonlySet<string>
  /** Written with a record of which nobody knows whether it was accepted. */
  readonly unsure: Set<string>
  /** Since when nothing names a blob, by the clock for intervals. */
  readonly unnamedSince: Map<string, number>
}

const none: ReadonlySet<string> = new Set()

/** Blobs of the tasks of this process: stored before the record that names them, dropped long after the last one that did. */
export class TaskStates {
  readonly #store: StateStore
  readonly #world: Pick<World, 'elapsed'>
  readonly #graceMs: number
  readonly #known = new Map<string, Known>()
  /** Named by the record that the owner of a task has read. */
  readonly #read = new Map<string, ReadonlySet<string>>()

  constructor(store: StateStore, world: Pick<World, 'elapsed'>, graceMs: number) {
    this.#store = store
    this.#world = world
    this.#graceMs = graceMs
  }

  /** @returns whether this tenure has stored it before */
  has(lease: Lease, { id }: StateBlob): boolean {
    const { pending, named } = this.#of(lease)
    return pending.has(id) || named.has(id)
  }

  async write(lease: Lease, blob: StateBlob, bytes: Uint8Array): Promise<void> {
    if (this.has(lease, blob)) return
    await this.#store.write(lease.task, blob, bytes)
    this.#of(lease).pending.add(blob.id)
  }

  /** Rejects when a record would name what was never stored. */
  async check(lease: Lease, { state }: Checkpoint): Promise<void> {
    const strange = state.filter((blob) => !this.has(lease, blob))
    if (strange.length === 0) return
    const ids = new Set((await this.#store.list(lease.task)).map(({ id }) => id))
    const missing = strange.find(({ id }) => !ids.has(id))
    if (missing)
      throw new MillraceError(
        'CORRUPT_STATE',
        `task ${lease.task}: state ${missing.id}: the checkpoint names it, but it was never stored; restore it from a backup`,
      )
  }

  /** The record may have been accepted: what it names is not touched. */
  unsure(lease: Lease, blob: StateBlob | undefined): void {
    if (blob) this.#of(lease).unsure.add(blob.id)
  }

  accepted(lease: Lease, { state }: Checkpoint): void {
    const known = this.#of(lease)
    known.named = new Set(state.map(({ id }) => id))
    for (const id of known.named) known.pending.delete(id)
  }

  /** The record that would have named it was refused. */
  async refused(lease: Lease, blob: StateBlob | undefined): Promise<void> {
    const known = this.#of(lease)
    if (blob === undefined || known.unsure.has(blob.id)) return
    known.pending.delete(blob.id)
    await this.#store.remove(lease.task, [blob.id])
  }

  /** The task goes on from a record: what it names is there. */
  restored(task: string, state: Checkpoint['state']): void {
    this.#read.set(task, new Set(state.map(({ id }) => id)))
  }

  /** Drops what no record has named for a while: a Redis that lost its last writes may need it again. */
  async collect(lease: Lease, named: ReadonlySet<string>): Promise<void> {
    const { pending, unnamedSince } = this.#of(lease)
    const now = this.#world.elapsed()
    const stored = await this.#store.list(lease.task)
    const unnamed = stored.filter(({ id }) => !named.has(id) && !pending.has(id))
    const since = (id: string): number => unnamedSince.get(id) ?? now
    const old = unnamed.filter(({ id, ageMs }) => Math.min(now - since(id), ageMs) >= this.#graceMs)
    await this.#store.remove(
      lease.task,
      old.map(({ id }) => id),
    )
    const left = unnamed.filter((blob) => !old.includes(blob)).map(({ id }) => [id, since(id)] as const)
    unnamedSince.clear()
    for (const [id, at] of left) unnamedSince.set(id, at)
  }

  #of(lease: Lease): Known {
    const tenure = tenureId(lease)
    const known = this.#known.get(lease.task)
    if (known?.tenure === tenure) return known
    const next = fresh(tenure, this.#read.get(lease.task) ?? none)
    this.#known.set(lease.task, next)
    return next
  }
}

const fresh = (tenure: string, named: ReadonlySet<string>): Known => ({
  tenure,
  pending: new Set(),
  named,
  unsure: new Set(),
  unnamedSince: new Map(),
})
