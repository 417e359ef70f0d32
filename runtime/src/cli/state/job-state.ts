import type { Backplane, Checkpoint } from '@millrace/core'

/** Who runs a job at present. */
export interface Runner {
  /** As people know it: `process 17`, `worker-1`. */
  readonly name: string
  /** On this machine. */
  readonly pid?: number
}

/** What a job has stored, wherever that is: to look into while it runs or rests. */
export interface JobState extends AsyncDisposable {
  /** A path, or the URL of a Redis without a password. */
  readonly where: string
  /** Undefined for a file that no job has used yet. */
  readonly job: string | undefined
  /** What to add to a command so that it finds the same: `--state …`. */
  readonly options: string
  /** Those between its stages; none where all of it is one task. */
  readonly exchanges: ReadonlySet<string>
  readonly letters: Pick<Backplane, 'deadLetters' | 'redrive'>
  /** Those that are kept, by task; of each task the last one first. */
  checkpoints(): Promise<readonly Checkpoint[]>
  /** Those that can be seen from here. */
  runners(): Promise<readonly Runner[]>
}
