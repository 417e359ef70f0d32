import type { World } from '@millrace/runtime'
import type { Chance } from './chance.ts'
import type { SimClock } from './sim-clock.ts'

/** Wall time at the beginning. */
export const startOfTime: number = Date.UTC(2026, 0, 1)

/**
 * The world of one process. What it has set going goes on without it: a request on its way arrives, killed or not. What comes
 * back to it comes never (killed) or late (paused).
 */
export class SimProcess implements World {
  readonly name: string
  readonly clock: World['clock']
  readonly #time: SimClock
  readonly #chance: Chance
  readonly #nonce: () => string
  #state: 'alive' | 'paused' | 'dead' = 'alive'
  #held: (() => void)[] = []
  /** How far its wall clock is off, in ms. */
  skewMs = 0

  constructor(name: string, time: SimClock, chance: Chance, nonce: () => string) {
    this.name = name
    this.#time = time
    this.#chance = chance
    this.#nonce = nonce
    this.clock = { now: () => startOfTime + time.now + this.skewMs }
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  elapsed(): number {
    return this.#time.now
  }

  timer(ms: number, fire: () => void): () => void {
    return this.#time.after(ms, () => this.deliver(fire))
  }

  giveWay(): Promise<void> {
    return new Promise((resolve) => this.#time.after(0, () => this.deliver(resolve)))
  }

  random(): number {
    return this.#chance.next()
  }

  nonce(): string {
    return this.#nonce()
  }

  /** Something comes to the process. */
  deliver(event: () => void): void {
    if (this.#state === 'paused') this.#held.push(event)
    else if (this.#state === 'alive') event()
  }

  /** A call to something outside: it happens after a while, and its answer comes after another. */
  call<T>(run: () => Promise<T> | T, delay: () => number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'dead') return
      this.#time.after(delay(), () => {
        const answer = (event: () => void): void => void this.#time.after(delay(), () => this.deliver(event))
        Promise.resolve()
          .then(run)
          .then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          )
      })
    })
  }

  kill(): void {
    this.#state = 'dead'
    this.#held = []
  }

  pause(): void {
    if (this.#state === 'alive') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'alive'
    for (const event of this.#held.splice(0)) this.#time.after(0, () => this.deliver(event))
  }
}
