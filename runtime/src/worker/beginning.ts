import type { Checkpoint, PartitionList } from '@millrace/core'

/** What a checkpoint keeps of a source. */
export type StoredBeginning = NonNullable<Checkpoint['beginnings']>[string]

/**
 * Where a job begins to read a source. What the source's options say of that holds for the partitions that were listed first, whenever it is
 * their turn: children of a split have to wait for their parents, and the job may be stopped before. All other partitions are read from their
 * start.
 */
export class Beginning {
  /** When the job began with it, in ms since 1970; undefined where that is no matter any more. */
  #at: number | undefined
  #first: ReadonlySet<string> | undefined

  /** Of a source that a checkpoint has; `stored` is absent once all that were listed first are read, or were. */
  restore(stored: StoredBeginning | undefined): void {
    this.#at = stored?.at
    this.#first = stored === undefined ? new Set() : stored.partitions && new Set(stored.partitions)
  }

  /** The first time counts. */
  begin(now: number): void {
    if (this.#first === undefined) this.#at ??= now
  }

  list({ partitions }: PartitionList): void {
    this.#first ??= new Set(partitions.map(({ id }) => id))
  }

  get at(): number | undefined {
    return this.#at
  }

  /** Whether the options hold for a partition. */
  includes(id: string): boolean {
    return this.#first === undefined || this.#first.has(id)
  }

  /** For a checkpoint that has the positions of partitions that are `known`. */
  stored(known: { has(id: string): boolean }): StoredBeginning | undefined {
    const at = this.#at
    if (at === undefined) return undefined
    if (this.#first === undefined) return { at }
    const partitions = [...this.#first].filter((id) => !known.has(id))
    return partitions.length > 0 ? { at, partitions } : undefined
  }
}
