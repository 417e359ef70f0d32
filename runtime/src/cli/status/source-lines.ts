import { splitTaskName } from '@millrace/core'
import { lagOf, type TaskLine } from './task-line.ts'

/** A source, its partitions taken together. */
export interface SourceLine {
  readonly source: string
  readonly partitions: number
  /** Read at present. */
  readonly running: number
  /** For those before them to end. */
  readonly waiting: number
  readonly ended: number
  /** The least of those that have not ended; undefined where none sends anything. */
  readonly watermark: number | undefined
  readonly lagMs: number | undefined
}

/** One line a source, out of the tasks of sources. */
export function sourceLines(tasks: readonly TaskLine[], now: number): SourceLine[] {
  const stageOf = ({ task }: TaskLine): string => splitTaskName(task).stage
  const names = [...new Set(tasks.map(stageOf))]
  return names.map((name) =>
    lineOf(
      name,
      tasks.filter((task) => stageOf(task) === name),
      now,
    ),
  )
}

function lineOf(source: string, tasks: readonly TaskLine[], now: number): SourceLine {
  const count = (isWanted: (task: TaskLine) => boolean): number => tasks.filter(isWanted).length
  const watermarks = tasks.flatMap(({ state, watermark }) => (state === 'done' ? [] : (watermark ?? [])))
  const watermark = watermarks.length === 0 ? undefined : Math.min(...watermarks)
  return {
    source,
    partitions: tasks.length,
    running: count(({ state, owner }) => state === 'ready' && owner !== undefined),
    waiting: count(({ state }) => state === 'waiting'),
    ended: count(({ state }) => state === 'done'),
    watermark,
    lagMs: lagOf(watermark, now),
  }
}
