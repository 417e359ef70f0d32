import { expect } from 'vitest'

/** Resolves when it is so; rejects after a while. */
export const until = (isSo: () => boolean): Promise<void> =>
  expect.poll(isSo, { timeout: 15_000, interval: 50 }).toBe(true)
