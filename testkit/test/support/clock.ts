import { join } from 'node:path'

const hourMs = 3_600_000

const preloaded = (shifts: { readonly [name: string]: string }): { readonly [name: string]: string } => ({
  ...shifts,
  NODE_OPTIONS: `--import ${join(import.meta.dirname, '../preload/shifted-clock.ts')}`,
})

/** Environment of a process whose clock is an hour fast. */
export const anHourAhead = preloaded({ CLOCK_SHIFT_MS: String(hourMs) })

/** Environment of a process whose clock is an hour slow. */
export const anHourBack = preloaded({ CLOCK_SHIFT_MS: String(-hourMs) })

/** Environment of a process whose clock is set back by an hour when it gets SIGUSR2. */
export const setBackOnSignal = preloaded({ CLOCK_SHIFT_ON_SIGUSR2_MS: String(-hourMs) })
