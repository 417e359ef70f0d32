import { setTimeout } from 'node:timers/promises'
import { longestTimerMs } from '../longest-timer.ts'

/** Waits so many milliseconds, or until the signal fires; 25 days at most. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await setTimeout(Math.min(ms, longestTimerMs), undefined, { signal }).catch(() => undefined)
}
