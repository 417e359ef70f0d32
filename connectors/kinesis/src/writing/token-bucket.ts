/** Fills at a rate, up to what `burstMs` of it gives; who takes more than is there owes it. */
export class TokenBucket {
  readonly #perMs: number
  readonly #most: number
  #tokens: number
  #at: number

  constructor(perSecond: number, burstMs: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#most = this.#perMs * burstMs
    this.#tokens = this.#most
    this.#at = now
  }

  /** How long until something may be taken, in ms. */
  untilOpen(now: number): number {
    if (this.#perMs === Infinity) return 0
    if (now > this.#at) {
      this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#at) * this.#perMs)
      this.#at = now
    }
    return this.#tokens > 0 ? 0 : Math.max(1, Math.ceil(-this.#tokens / this.#perMs))
  }

  take(tokens: number): void {
    this.#tokens -= tokens
  }
}
