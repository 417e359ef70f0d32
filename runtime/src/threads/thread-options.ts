import { badOption } from '@millrace/core'

/**
 * Threads that decode records and add them up, next to the one that keeps state, checkpoints and sinks. They help where
 * windows aggregate what sources give as bytes; a source whose records are needed one by one is processed as without.
 */
export interface ThreadOptions {
  /** How many threads decode; as many as there are cores. 1 starts none. */
  readonly count: number
  /** URL of the module whose default export is the topology, e.g. `import.meta.url`: each thread imports it. */
  readonly module: string | URL
  /**
   * Values of parameters in the threads, where those of `start` cannot go to another thread, as a secret cannot. What is not
   * among them is taken from the environment of the process.
   * @default `set` of `start`
   */
  readonly set?: { readonly [name: string]: unknown }
}

/** {@link ThreadOptions}, checked and complete; undefined for one thread. */
export interface ResolvedThreadOptions {
  readonly count: number
  readonly module: string
  readonly set: { readonly [name: string]: unknown } | undefined
}

/** Throws BAD_OPTION, naming the field. */
export function resolveThreadOptions(
  options: ThreadOptions | undefined,
  isShared: boolean,
): ResolvedThreadOptions | undefined {
  if (options === undefined) return undefined
  const { count, module, set } = options
  if (!Number.isInteger(count) || count < 1 || count > 256)
    throw badOption(`threads.count: ${JSON.stringify(count)} must be a whole number from 1 to 256`)
  if (count === 1) return undefined
  if (isShared) throw badOption('threads: workers that share a job use more cores as more workers; start one a core')
  if (!(module instanceof URL) && (typeof module !== 'string' || !URL.canParse(module)))
    throw badOption('threads.module: must be the URL of the module of the topology, e.g. import.meta.url')
  if (set !== undefined && !isCloneable(set)) throw badOption('threads.set: has a value that cannot go to a thread')
  return { count, module: String(module), set }
}

/** Whether a value can go to another thread. */
export function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
