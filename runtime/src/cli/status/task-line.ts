import type { TaskInfo } from '@millrace/core'

/** A task with what follows from the clock. */
export interface TaskLine extends TaskInfo {
  /** Of its last checkpoint. */
  readonly ageMs: number | undefined
  /** Of its watermark. */
  readonly lagMs: number | undefined
}

/** Adds what follows from the clock of the backplane. */
export const taskLine = (task: TaskInfo, now: number): TaskLine => ({
  ...task,
  ageMs: task.takenAt === undefined ? undefined : Math.max(0, now - task.takenAt),
  lagMs: lagOf(task.watermark, now),
})

/** How far a watermark is behind the clock; undefined before the first event time and after the last. */
export const lagOf = (watermark: number | undefined, now: number): number | undefined =>
  watermark !== undefined && Number.isFinite(watermark) ? Math.max(0, now - watermark) : undefined
