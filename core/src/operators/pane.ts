import type { DeltaWriter } from '../state/delta.ts'
import type { Accumulator, AccumulatorLayout } from '../state/accumulator.ts'
import type { Key } from '../state/key.ts'
import { writeValue } from '../state/value-codec.ts'

/** The accumulators of all keys over one span of time. Closing it is one walk and one delete. */
export class Pane {
  readonly start: number
  readonly end: number
  /** End of the first window that counts these records; later than `end` for records that were late for some windows. */
  readonly enters: number
  readonly entries: Map<Key, Accumulator> = new Map()
  /** Changed since the last snapshot, each once. */
  dirty: Accumulator[] = []
  /** True once a snapshot has written any of it, so that closing must be written too. */
  stored = false
  fired = false
  /** Accumulators that changed after the pane had fired, with the least mark of the records that did it. */
  readonly updates: Map<Accumulator, number> = new Map()
  /** Accumulators that changed since the last early firing; kept only where there are such. */
  readonly changed: Set<Accumulator> = new Set()

  constructor(start: number, end: number, enters: number = end) {
    this.start = start
    this.end = end
    this.enters = enters
  }

  /** Name of its group in the stored state. */
  get group(): string {
    return this.enters === this.end ? String(this.start) : `${this.start}:${this.enters}`
  }

  /** Notes a change after firing. */
  update(a: Accumulator, mark: number): void {
    const known = this.updates.get(a)
    if (known === undefined || mark < known) this.updates.set(a, mark)
  }

  /** Writes changed entries, or all of them, and starts anew. */
  snapshot(delta: DeltaWriter, layout: AccumulatorLayout, full: boolean): void {
    const entries = full ? this.entries.values() : this.dirty
    if (full || this.dirty.length > 0) {
      delta.group(this.group)
      for (const a of entries) {
        delta.put(
          (out) => writeValue(out, a.k),
          (out) => layout.write(out, a),
        )
      }
      this.stored = true
    }
    this.dirty = []
  }
}

/** A pane that holds no time: what an operator points to before it has seen a record. */
export const noPane: Pane = new Pane(Infinity, -Infinity)

/** Marks an accumulator as changed. */
export function touch(pane: Pane, a: Accumulator, epoch: number): void {
  if (a.e === epoch) return
  a.e = epoch
  pane.dirty.push(a)
}
