/** What {@link onUncaught} needs of `process`. */
export interface UncaughtProcess {
  removeAllListeners(event: 'uncaughtException'): unknown
  on(event: 'uncaughtException', listener: (error: Error) => void): unknown
  exit(code: number): never
}

/**
 * What code of the user throws on its own, outside of any call, ends the process: `say` takes the place of Node's report,
 * which would print secrets.
 */
export function onUncaught(process: UncaughtProcess, say: (error: Error) => number): void {
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => process.exit(say(error)))
}
