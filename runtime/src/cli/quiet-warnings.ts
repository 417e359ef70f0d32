/** What {@link quietWarnings} needs of `process`. */
export interface WarningProcess {
  removeAllListeners(event: 'warning'): unknown
  on(event: 'warning', listener: (warning: Error) => void): unknown
}

/** Warnings about what the command itself uses: nothing its user could change. */
const ownNames = ['ExperimentalWarning', 'MODULE_TYPELESS_PACKAGE_JSON']

/** Takes Node's warnings off stderr, where each line may have to be JSON: `say` is given those that matter to users. */
export function quietWarnings(process: WarningProcess, say: (warning: Error) => void): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    const names = [warning.name, 'code' in warning ? warning.code : undefined]
    if (!names.some((name) => typeof name === 'string' && ownNames.includes(name))) say(warning)
  })
}
