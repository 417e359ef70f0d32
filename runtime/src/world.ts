import { randomBytes } from 'node:crypto'
import type { Clock } from '@millrace/core'

/**
 * All that a worker is given of time and chance. The real one is {@link systemWorld}; tests and simulations bring their
 * own, and then a run is decided by its seed.
 */
export interface World {
  /** Wall time: for records and people. May step back. */
  readonly clock: Clock
  /** Milliseconds since some start; never steps back. For intervals. */
  elapsed(): number
  /** Calls back once, after so many milliseconds of {@link World.elapsed}. @returns what calls it off */
  timer(ms: number, fire: () => void): () => void
  /** Resolves after pending I/O, heartbeats and signals had their turn. */
  giveWay(): Promise<void>
  /** At least 0, below 1. */
  random(): number
  /** A word that nobody else has. */
  nonce(): string
}

/** The real world: the only place where the runtime reads clocks, sets timers and draws random numbers. */
export const systemWorld: World = {
  clock: { now: () => Date.now() },
  elapsed: () => performance.now(),
  timer(ms, fire) {
    const timer = setTimeout(fire, Math.min(ms, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
  giveWay: () => new Promise((resolve) => setImmediate(resolve)),
  random: () => Math.random(),
  nonce: () => randomBytes(6).toString('hex'),
}
