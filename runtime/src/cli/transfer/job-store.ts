import type { StateBlob } from '@millrace/core'
import type { JobImage, WaitingFrame } from './job-image.ts'

/** Where a job keeps what it stores, to be read or replaced as a whole while nobody runs it. */
export interface JobStore extends AsyncDisposable {
  readonly kind: JobImage['kind']
  /** A path, or the URL of a Redis without a password. */
  readonly where: string
  /** Undefined where there is no such job, or where it was never started. */
  read(): Promise<JobImage | undefined>
  readState(task: string, blob: StateBlob): Promise<Uint8Array>
  /** What waits in the exchanges of an image, in order. */
  frames(image: JobImage): AsyncIterable<WaitingFrame>
  /** Names of those that run the job, or may still. */
  runners(): Promise<readonly string[]>
  /** Begins another run of a job, in which nothing is stored yet; dead letters stay. */
  begin(job: string): Promise<void>
  /** Into the run that was begun: state first, then the tasks that name it, then what waits for them. */
  writeState(task: string, blob: StateBlob, bytes: Uint8Array): Promise<void>
  restore(image: Omit<JobImage, 'run' | 'kind'>): Promise<void>
  writeFrames(frames: readonly WaitingFrame[]): Promise<void>
}
