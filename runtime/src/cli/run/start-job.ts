import { type Job, start } from '../../start.ts'
import type { ThreadOptions } from '../../threads/thread-options.ts'
import type { Logger } from '../../logger.ts'
import type { AnyTopology } from '../load-topology.ts'
import type { Params } from '../params.ts'
import type { ResolvedRunOptions } from './run-options.ts'
import { openRunState, type RunStateOptions } from './run-state.ts'

/** What to start in this thread, and how. */
export interface StartRequest {
  readonly topology: AnyTopology
  readonly params: Params
  readonly options: RunStateOptions & Pick<ResolvedRunOptions, 'checkpointEveryMs' | 'drop' | 'cluster'>
  readonly cwd: string
  readonly log: Logger
  /** Read and decode, next to this one. */
  readonly threads?: ThreadOptions
  /** Stops the job when it fires. */
  readonly signal?: AbortSignal
}

/** Starts a job, which closes what `--state` names when it has ended. */
export async function startJob({ topology, params, options, cwd, log, threads, signal }: StartRequest): Promise<Job> {
  const { checkpointEveryMs, leaseMs, drop, cluster } = options
  const opened = await openRunState(topology.name, options, cwd, log)
  // The parameters are complete: nothing more is taken from the environment.
  const job = start<unknown>(topology, {
    set: params,
    env: {},
    state: opened.state,
    checkpointEvery: checkpointEveryMs,
    leaseMs,
    drop,
    cluster,
    log,
    ...(threads && { threads }),
    ...(signal && { signal }),
  })
  return { ...job, finished: closedAfter(job.finished, opened) }
}

async function closedAfter<T>(finished: Promise<T>, opened: AsyncDisposable): Promise<T> {
  await using _ = opened
  return await finished
}
