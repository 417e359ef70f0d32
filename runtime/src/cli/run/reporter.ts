import type { Logger } from '../../logger.ts'
import type { Job } from '../../start.ts'

/** Tells people, or what collects logs, how a job is doing. */
export interface Reporter {
  readonly log: Logger
  /** Begins to report the progress of a job. */
  follow(job: Job): void
  /** The job was asked to stop. */
  stopping(signal: string): void
  /** Reports no more progress, and leaves the terminal as it was. */
  end(): void
  /** Says what made the job fail, unless the log has. */
  failed(error: unknown): void
}
