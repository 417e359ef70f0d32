import { type Backplane, badOption, type Duration, positiveMs } from '@millrace/core'
import { type ClusterOptions, resolveClusterOptions, type ResolvedClusterOptions } from './cluster/cluster-options.ts'
import { type Logger, silent } from './logger.ts'
import { type ResolvedThreadOptions, resolveThreadOptions, type ThreadOptions } from './threads/thread-options.ts'
import type { Progress } from './worker/progress.ts'

/** Options of {@link start}. `P` are the parameters of the topology. */
export interface StartOptions<P = {}> {
  /** Values of parameters: text, as on a command line, or a value of the type of the parameter. */
  readonly set?: { readonly [N in keyof P]?: P[N] | string }
  /** Gives parameters that are not in `set`: `outDir` is read from `MILLRACE_OUT_DIR`. @default process.env */
  readonly env?: { readonly [name: string]: string | undefined }
  /**
   * Where the job keeps how far it has come: the path of a file of its own, or a backplane. With one that workers share,
   * as {@link redisBackplane}, this process becomes one of them. Without it nothing survives: the job starts from the
   * beginning each time, and what it prepared when it was killed stays unseen.
   * @default in memory
   */
  readonly state?: string | Backplane
  /** Time between checkpoints: output becomes visible with them. @default '1s' */
  readonly checkpointEvery?: Duration
  /** How long another process waits for this one to come back before it takes over. @default 10_000 */
  readonly leaseMs?: number
  /** How long a stop may take before it does without a last checkpoint. @default '25s' */
  readonly stopWithin?: Duration
  /**
   * Names of what may be forgotten: states that are gone from the topology or changed, sources and sinks that are gone,
   * and sinks whose prepared output is lost. Others are left alone.
   * @default []
   */
  readonly drop?: readonly string[]
  /** How this worker shares the job with others; only with a backplane that workers share. */
  readonly cluster?: ClusterOptions
  /** Uses more than one core, where the job is one process of its own. @default one thread */
  readonly threads?: ThreadOptions
  /** Stops the job when it fires. */
  readonly signal?: AbortSignal
  /** @default says nothing */
  readonly log?: Logger
  /** Called about once a second, and when the job has ended. */
  readonly onProgress?: (progress: Progress) => void
}

/** {@link StartOptions}, checked and complete. */
export interface ResolvedStartOptions {
  readonly state: string | Backplane
  readonly checkpointEveryMs: number
  readonly leaseMs: number
  readonly stopWithinMs: number
  readonly drop: readonly string[]
  readonly cluster: ResolvedClusterOptions
  readonly threads: ResolvedThreadOptions | undefined
  readonly signal: AbortSignal | undefined
  readonly log: Logger
  readonly onProgress: ((progress: Progress) => void) | undefined
}

/** Throws BAD_OPTION, naming the field. */
export function resolveStartOptions(options: Omit<StartOptions, 'set'>): ResolvedStartOptions {
  const {
    state = ':memory:',
    checkpointEvery = '1s',
    leaseMs = 10_000,
    stopWithin = '25s',
    drop = [],
    log = silent,
  } = options
  const { signal, onProgress } = options
  const isBackplane = typeof state === 'object' && typeof state?.acquire === 'function'
  if (!isBackplane && (typeof state !== 'string' || state === ''))
    throw badOption('state: must be the path of a file, or a backplane')
  if (!Array.isArray(drop) || !drop.every((name) => typeof name === 'string'))
    throw badOption('drop: must be a list of names')
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw badOption('signal: must be an AbortSignal')
  if (typeof log?.warn !== 'function') throw badOption('log: must have the methods debug, info, warn, error and child')
  if (onProgress !== undefined && typeof onProgress !== 'function') throw badOption('onProgress: must be a function')
  return {
    state,
    checkpointEveryMs: positiveMs(checkpointEvery, 'checkpointEvery'),
    leaseMs: atLeast(leaseMs, 100, 'leaseMs'),
    stopWithinMs: positiveMs(stopWithin, 'stopWithin'),
    drop,
    cluster: resolveClusterOptions(options.cluster),
    threads: resolveThreadOptions(options.threads, isBackplane && 'claim' in state),
    signal,
    log,
    onProgress,
  }
}

function atLeast(value: number, least: number, field: string): number {
  if (Number.isFinite(value) && value >= least) return value
  throw badOption(`${field}: ${JSON.stringify(value)} must be a number of milliseconds, ${least} or more`)
}
