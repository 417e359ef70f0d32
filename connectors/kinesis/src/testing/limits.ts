/** Rates of one shard, and of what changes shards, as the service limits them. */
export interface KinesisLimits {
  /** @default 1000 */
  readonly writeRecordsPerSecond: number
  /** @default 1048576 */
  readonly writeBytesPerSecond: number
  /** Calls of GetRecords, and of GetShardIterator. @default 5 */
  readonly readCallsPerSecond: number
  /** Shared by all that poll. @default 2097152 */
  readonly readBytesPerSecond: number
  /** Calls of UpdateShardCount in 24 hours; each at most doubles or halves, limits or not. @default 10 */
  readonly scalingsPerDay: number
}

export const serviceLimits: KinesisLimits = {
  writeRecordsPerSecond: 1_000,
  writeBytesPerSecond: 1_048_576,
  readCallsPerSecond: 5,
  readBytesPerSecond: 2_097_152,
  scalingsPerDay: 10,
}

export const noLimits: KinesisLimits = {
  writeRecordsPerSecond: Infinity,
  writeBytesPerSecond: Infinity,
  readCallsPerSecond: Infinity,
  readBytesPerSecond: Infinity,
  scalingsPerDay: Infinity,
}

/** Fills at a rate, up to what one second gives. One that is not empty gives more than it holds: it owes the rest. */
export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#at = now
  }

  /** Whether there is something left. */
  isOpen(now: number): boolean {
    if (this.#perSecond === Infinity) return true
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    // less than a thousandth short is rounding
    return this.#tokens > 0.001
  }

  take(tokens: number): void {
    this.#tokens -= tokens
  }

  /** Whether a whole one is left, which is then taken. */
  takeOne(now: number): boolean {
    if (!this.isOpen(now) || this.#tokens < 0.999) return false
    this.#tokens--
    return true
  }
}
