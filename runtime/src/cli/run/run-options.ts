import { badOption } from '@millrace/core'
import { resolve } from 'node:path'
import type { Io } from '../io.ts'
import { durationOption } from '../options.ts'
import { defaultState } from '../state-file.ts'

/** What `--log-level` may be, from the most to the least that is said. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Options of `millrace run`, as the command line gives them. */
export interface RunOptions {
  readonly set: readonly string[]
  readonly state?: string
  readonly checkpointEvery: string
  readonly drop: readonly string[]
  readonly logLevel?: LogLevel
  readonly progress?: 'terminal' | 'json'
  readonly summary?: 'text' | 'json'
}

/** {@link RunOptions}, checked and complete. */
export interface ResolvedRunOptions {
  /** Path of the state file, as people read it; undefined for none. */
  readonly statePath: string | undefined
  /** As `start` takes it. */
  readonly state: string
  readonly checkpointEveryMs: number
  readonly drop: readonly string[]
  readonly logLevel: LogLevel
  readonly progress: 'terminal' | 'json'
  readonly summary: 'text' | 'json'
}

/** Fills in what depends on the job and on whether a person looks on. Throws BAD_OPTION. */
export function resolveRunOptions(
  options: RunOptions,
  job: string,
  { stderr, cwd }: Pick<Io, 'stderr' | 'cwd'>,
): ResolvedRunOptions {
  const { state = defaultState(job), drop } = options
  const progress = options.progress ?? (stderr.isTTY ? 'terminal' : 'json')
  if (state === '') throw badOption("--state: must be the path of a file, or 'memory'")
  return {
    statePath: state === 'memory' ? undefined : state,
    state: state === 'memory' ? ':memory:' : resolve(cwd, state),
    checkpointEveryMs: durationOption(options.checkpointEvery, '--checkpoint-every'),
    drop,
    logLevel: options.logLevel ?? (progress === 'terminal' ? 'warn' : 'info'),
    progress,
    summary: options.summary ?? (progress === 'terminal' ? 'text' : 'json'),
  }
}
