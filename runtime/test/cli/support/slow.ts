import { vi } from 'vitest'

/** For files whose tests start processes: a loaded machine takes its time. */
export const allowProcesses = (): void => vi.setConfig({ testTimeout: 60_000 })
