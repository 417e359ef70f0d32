import type { Summary } from '../../../start.ts'
import type { Progress } from '../../../worker/progress.ts'
import type { StartRequest } from '../start-job.ts'
import type { LogLevel } from '../../../logger.ts'
import type { ThreadLog } from '../../../threads/thread-logger.ts'
import type { PlainError } from '../../../threads/plain-error.ts'

/** What a thread is told to run. */
export interface ThreadRequest {
  /** Path of the topology. */
  readonly path: string
  readonly cwd: string
  /** As `--set` was given: each thread resolves secrets for itself. */
  readonly set: readonly string[]
  readonly options: StartRequest['options']
  readonly logLevel: LogLevel
}

/** What a thread says of its job. */
export type FromThread =
  | ThreadLog
  | { readonly type: 'progress'; readonly progress: Progress }
  /** It has come to know a secret, which nobody may print. */
  | { readonly type: 'secret'; readonly secret: string }
  | { readonly type: 'ended'; readonly summary: Summary }
  | { readonly type: 'failed'; readonly error: PlainError }

/** Asks a thread to stop its job in good order. */
export const stopMessage = 'stop'
