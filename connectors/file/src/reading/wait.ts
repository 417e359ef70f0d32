import { setTimeout } from 'node:timers/promises'

/** Waits so many milliseconds, or until the signal fires. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await setTimeout(Math.min(ms, 2 ** 31 - 1), undefined, { signal }).catch(() => undefined)
}
