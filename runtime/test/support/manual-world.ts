import type { World } from '../../src/world.ts'

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** Options of {@link ManualWorld}. */
export interface ManualWorldOptions {
  /** Decides all randomness. @default 1 */
  readonly seed?: number
  /** What each look at the clock for intervals costs: makes turns end and checkpoints fall between batches. @default 0 */
  readonly costMs?: number
}

/** A world whose time passes only when a test says so; the same calls give the same run. */
export class ManualWorld implements World {
  readonly #timers = new Set<Timer>()
  readonly #costMs: number
  #wall = Date.UTC(2026, 0, 1)
  #elapsed = 0
  #seed: number
  #nonces = 0

  constructor({ seed = 1, costMs = 0 }: ManualWorldOptions = {}) {
    this.#seed = seed
    this.#costMs = costMs
  }

  readonly clock: World['clock'] = { now: () => this.#wall }

  elapsed(): number {
    this.#pass(this.#costMs)
    return this.#elapsed
  }

  timer(ms: number, fire: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, ms), fire }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  random(): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31
    return this.#seed / 2 ** 31
  }

  nonce(): string {
    return `n${++this.#nonces}${Math.floor(this.random() * 1e6).toString(36)}`
  }

  /** Sets the wall clock, as an operator may. */
  setClock(byMs: number): void {
    this.#wall += byMs
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await this.giveWay()
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms
    await this.settle()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) await this.#fire(next)
    this.#pass(Math.max(0, end - this.#elapsed))
    await this.settle()
  }

  /** Lets time pass until the promise settles, however long that is by its timers. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const mark = (): void => void (settled = true)
    promise.then(mark, mark)
    for (let steps = 0; !settled; steps++) {
      if (steps > 100_000) throw new Error('nothing came of it in 100,000 timers')
      await this.settle()
      const next = this.#next()
      if (!settled && next) await this.#fire(next)
    }
    return promise
  }

  /** Lets time pass until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let steps = 0; !isSo(); steps++) {
      if (steps > 10_000) throw new Error('it never came to be so')
      await this.settle()
      const next = this.#next()
      if (!isSo() && next) await this.#fire(next)
    }
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer
    return first
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer)
    this.#pass(Math.max(0, timer.at - this.#elapsed))
    timer.fire()
    await this.settle()
  }

  #pass(ms: number): void {
    this.#elapsed += ms
    this.#wall += ms
  }
}
