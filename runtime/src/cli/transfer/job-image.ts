import type { RestoredTask, StageShape } from '../../backplane/redis/scripts.ts'

/** A job at rest, all of it but the bytes of its state and what waits in its exchanges. */
export interface JobImage {
  /** Where it is from: the two do not fit each other. */
  readonly kind: 'file' | 'redis'
  readonly job: string
  readonly run: string
  /** None of a job that is one task. */
  readonly stages: readonly StageShape[]
  /** Up to where each partition of an exchange was read. */
  readonly consumed: { readonly [exchange: string]: readonly string[] }
  readonly tasks: readonly RestoredTask[]
}

/** A task that has read nothing, of no partition. */
export const unreadTask: Omit<RestoredTask, 'task' | 'state'> = {
  seq: 0,
  takenAt: undefined,
  watermark: undefined,
  partition: undefined,
  start: undefined,
  parents: [],
  from: -Infinity,
  end: undefined,
  record: undefined,
}

/** Something that was sent to a partition of an exchange and is not read yet. */
export interface WaitingFrame {
  readonly exchange: string
  readonly partition: number
  readonly bytes: Uint8Array
}
