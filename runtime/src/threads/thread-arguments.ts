/**
 * Options of Node for a thread: conditions, which a checkout adds while it runs. Others are inherited, or, given again, would be
 * refused, as `--max-old-space-size`. Undefined where there is nothing to give.
 */
export function threadArguments(execArgv: readonly string[]): string[] | undefined {
  const conditions = execArgv.flatMap((arg, i) => {
    if (arg === '-C' || arg === '--conditions') return [`--conditions=${execArgv[i + 1]}`]
    return arg.startsWith('--conditions=') ? [arg] : []
  })
  return conditions.length === 0 ? undefined : conditions
}
