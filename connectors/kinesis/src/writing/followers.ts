import type { Entry } from './entry.ts'

/** Entries of a key that wait for an earlier one. */
export class Followers {
  #entries: Entry[] = []
  #head = 0

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  take(): Entry | undefined {
    const entry = this.#entries[this.#head]
    if (entry === undefined) return undefined
    this.#head++
    if (this.#head >= 1_024 && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.rest()
      this.#head = 0
    }
    return entry
  }

  /** When the oldest one was added, as entries say it; Infinity for none. */
  get oldest(): number {
    return this.rest().reduce((oldest, { addedAt }) => Math.min(oldest, addedAt), Infinity)
  }

  /** Those that were added at or before a moment; they are followers no longer. */
  takeUpTo(at: number): Entry[] {
    const all = this.rest()
    this.#entries = all.filter(({ addedAt }) => addedAt > at)
    this.#head = 0
    return all.filter(({ addedAt }) => addedAt <= at)
  }

  rest(): Entry[] {
    return this.#entries.slice(this.#head)
  }
}
