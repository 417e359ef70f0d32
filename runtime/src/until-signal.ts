import type { Job, Summary } from './start.ts'

type Signal = 'SIGINT' | 'SIGTERM'

/** What {@link untilSignal} needs of `process`. */
export interface SignalProcess {
  on(signal: Signal, listener: () => void): unknown
  off(signal: Signal, listener: () => void): unknown
  exit(code: number): void
}

const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 }

/**
 * The end of a job that SIGTERM and SIGINT stop in good order. A second signal ends the process at once, which is safe
 * too: the next start goes on from the last checkpoint.
 *
 * @example
 * await untilSignal(start(pageViews, { state: './state.db' }), process)
 */
export async function untilSignal(job: Job, process: SignalProcess): Promise<Summary> {
  let signals = 0
  const signalled = (signal: Signal) => (): void => {
    if (++signals > 1) process.exit(exitCodes[signal])
    // what comes of it is what comes of `finished`
    else job.stop().catch(() => undefined)
  }
  const listeners = { SIGINT: signalled('SIGINT'), SIGTERM: signalled('SIGTERM') }
  process.on('SIGINT', listeners.SIGINT)
  process.on('SIGTERM', listeners.SIGTERM)
  try {
    return await job.finished
  } finally {
    process.off('SIGINT', listeners.SIGINT)
    process.off('SIGTERM', listeners.SIGTERM)
  }
}
