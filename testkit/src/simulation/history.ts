import type { SimClock } from './sim-clock.ts'

const mostLines = 20_000

/** What happened in a life, for people: who, when, what. */
export class History {
  readonly #time: SimClock
  readonly #lines: string[] = []

  constructor(time: SimClock) {
    this.#time = time
  }

  note(who: string, what: string): void {
    if (this.#lines.length < mostLines)
      this.#lines.push(`${this.#time.now.toFixed(1).padStart(10)}  ${who.padEnd(8)}  ${what}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }
}
