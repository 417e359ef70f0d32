import { setTimeout as pause } from 'node:timers/promises'

/** How long {@link until} waits, and for what. */
export interface UntilOptions {
  /** @default 15_000 */
  readonly withinMs?: number
  /** What does not come to be, for the error. @default 'it' */
  readonly what?: string
}

const everyMs = 10

/** Resolves when it is so; rejects when it is not within a while, or when looking throws. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  { withinMs = 15_000, what = 'it' }: UntilOptions = {},
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come to be within ${withinMs} ms`)
    await pause(everyMs)
  }
}
