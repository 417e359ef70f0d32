import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import type { WorkerOptions } from 'node:worker_threads'

/**
 * What a thread needs of its process that it would not inherit. Conditions, which a checkout adds while it runs: other options of
 * Node are inherited, or, given again, would be refused, as `--max-old-space-size`. And where compiled modules are kept: it
 * halves the time that a thread takes to start.
 */
export function threadEnvironment(
  execArgv: readonly string[] = process.execArgv,
  cache: string | undefined = getCompileCacheDir(),
): Pick<WorkerOptions, 'execArgv' | 'env'> {
  const conditions = execArgv.flatMap((arg, i) => {
    if (arg === '-C' || arg === '--conditions') return [`--conditions=${execArgv[i + 1]}`]
    return arg.startsWith('--conditions=') ? [arg] : []
  })
  return {
    ...(conditions.length > 0 && { execArgv: conditions }),
    // Node answers the folder of its version, and is given the one above.
    ...(cache !== undefined && { env: { ...process.env, NODE_COMPILE_CACHE: dirname(cache) } }),
  }
}
