import { type ClusterStatus, splitTaskName, type WorkerInfo } from '@millrace/core'
import { type ExchangeLine, exchangeLines } from './exchange-lines.ts'
import { type Problem, problemsIn, type Thresholds } from './problems-in.ts'
import { type SourceLine, sourceLines } from './source-lines.ts'
import { type TaskLine, taskLine } from './task-line.ts'

/** The whole of a job, the sums first. */
export interface StatusReport {
  readonly job: string
  readonly where: string
  readonly run: string
  readonly now: number
  readonly finished: boolean
  readonly totals: Totals
  readonly problems: readonly Problem[]
  readonly workers: readonly WorkerInfo[]
  readonly sources: readonly SourceLine[]
  readonly exchanges: readonly ExchangeLine[]
  readonly tasks: readonly TaskLine[]
}

/** Sums over all of a job. */
interface Totals {
  readonly workers: number
  readonly recordsPerSecond: number
  readonly backlog: number
  readonly tasks: number
  /** Have an owner. */
  readonly owned: number
  /** Wait for others to end. */
  readonly waiting: number
  readonly done: number
  /** Bytes in all exchanges. */
  readonly exchangeBytes: number
}

/** Makes a status ready to be shown. */
export function statusReport(job: string, where: string, status: ClusterStatus, thresholds: Thresholds): StatusReport {
  const { run, now, finished, workers } = status
  const tasks = status.tasks.map((task) => taskLine(task, now))
  const exchanges = exchangeLines(status)
  const names = new Set(exchanges.map(({ exchange }) => exchange))
  return {
    job,
    where,
    run,
    now,
    finished,
    totals: totalsOf(status),
    problems: problemsIn(status, tasks, thresholds),
    workers,
    sources: sourceLines(
      tasks.filter(({ task }) => !names.has(splitTaskName(task).stage)),
      now,
    ),
    exchanges,
    tasks,
  }
}

function totalsOf({ workers, tasks, exchanges }: ClusterStatus): Totals {
  return {
    workers: workers.length,
    recordsPerSecond: sum(workers.map(({ recordsPerSecond }) => recordsPerSecond)),
    backlog: sum(workers.map(({ backlog }) => backlog)),
    tasks: tasks.length,
    owned: tasks.filter(({ owner, state }) => owner !== undefined && state === 'ready').length,
    waiting: tasks.filter(({ state }) => state === 'waiting').length,
    done: tasks.filter(({ state }) => state === 'done').length,
    exchangeBytes: sum(exchanges.flatMap(({ depths }) => depths)),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
