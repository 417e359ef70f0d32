import { isMillraceError } from '@millrace/core'
import type { World } from '../world.ts'

const firstMs = 100
const mostMs = 30_000

/** Delays that double, each drawn between half and all of its span so that many do not come back at once. */
export class Backoff {
  readonly #world: World
  /** Failures in a row. */
  failures = 0

  constructor(world: World) {
    this.#world = world
  }

  next(): number {
    const span = Math.min(mostMs, firstMs * 2 ** Math.min(this.failures++, 20))
    return span * (0.5 + this.#world.random() / 2)
  }

  reset(): void {
    this.failures = 0
  }
}

/** Resolves after `ms`, or as soon as the signal fires. */
export function sleep(ms: number, world: World, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = world.timer(ms, end)
    signal.addEventListener('abort', end)
  })
}

/** How {@link retry} goes about it. */
export interface RetryOptions {
  readonly world: World
  /** Ends the retries: the last error is thrown. */
  readonly signal: AbortSignal
  readonly isTransient: (error: unknown) => boolean
  /** Told of each failure that will be tried again. */
  readonly failed: (error: unknown, delayMs: number) => void
}

/** Calls again, ever more rarely, as long as the error is transient. */
export async function retry<T>(attempt: () => Promise<T> | T, options: RetryOptions): Promise<T> {
  const backoff = new Backoff(options.world)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (options.signal.aborted || !options.isTransient(error)) throw error
      const delayMs = backoff.next()
      options.failed(error, delayMs)
      await sleep(delayMs, options.world, options.signal)
    }
  }
}

/** Whether a sink or the backplane says that the same call may succeed later. */
export const saysRetryable = (error: unknown): boolean =>
  error instanceof Error && 'retryable' in error && error.retryable === true

/** Sources are naïve and throw what their client throws: all of it is transient unless they say otherwise. */
export const isTransientRead = (error: unknown): boolean => !isMillraceError(error) || error.retryable

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
