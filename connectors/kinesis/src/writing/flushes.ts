interface Flush {
  /** Number of records that it waits for. */
  left: number
  readonly done: () => void
}

/** Those who wait until all is done that had begun when they asked, whatever begins meanwhile. */
export class Flushes {
  /** Number of those ever asked for. */
  #asked = 0
  /** Of records that have begun since the last one, and are not done. */
  #since = 0
  readonly #waiting = new Map<number, Flush>()

  /** Whether somebody waits. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** A record has begun. @returns what to say when it is done */
  begin(): number {
    this.#since++
    return this.#asked
  }

  /** A record is done, whatever became of it. */
  end(begun: number): void {
    const flush = this.#waiting.get(begun)
    if (flush === undefined) this.#since--
    else if (--flush.left === 0) this.#tell()
  }

  /** Resolves when all is done that has begun so far. */
  ask(): Promise<void> {
    const number = this.#asked++
    const flushed = new Promise<void>((done) => this.#waiting.set(number, { left: this.#since, done }))
    this.#since = 0
    this.#tell()
    return flushed
  }

  /** Nothing is done any more: nobody waits. */
  clear(): void {
    this.#since = 0
    for (const flush of this.#waiting.values()) flush.left = 0
    this.#tell()
  }

  /** One is done when all before it are. */
  #tell(): void {
    for (const [number, { left, done }] of this.#waiting) {
      if (left > 0) return
      this.#waiting.delete(number)
      done()
    }
  }
}
