import { type ClusterStatus, splitTaskName } from '@millrace/core'
import { bytes, count, span } from '../text/amounts.ts'
import type { TaskLine } from './task-line.ts'

/** From when on something is a problem. */
export interface Thresholds {
  /** Of a checkpoint, while there is something to do. */
  readonly oldMs: number
  /** Waiting in one partition of an exchange. */
  readonly fullBytes: number
}

/** Something that somebody should look at. */
export interface Problem {
  readonly kind: 'no workers' | 'no tasks' | 'no owner' | 'dead owner' | 'old checkpoint' | 'full exchange'
  /** The task; of a full exchange `<exchange>/<partition>`. */
  readonly task?: string
  readonly text: string
}

/** All that is wrong with a job, the worst first. A job that has finished has no problems. */
export function problemsIn(status: ClusterStatus, tasks: readonly TaskLine[], thresholds: Thresholds): Problem[] {
  if (status.finished) return []
  const ready = tasks.filter(({ state }) => state === 'ready')
  const old = oldCheckpoints(status, ready, thresholds.oldMs)
  return [...ownerless(status, ready), ...old, ...fullExchanges(status, thresholds.fullBytes)]
}

function ownerless({ workers, tasks, exchanges }: ClusterStatus, ready: readonly TaskLine[]): Problem[] {
  if (workers.length === 0) return [noWorkers(ready)]
  if (tasks.length === 0 && exchanges.length === 0) return [noTasks]
  const alive = new Set(workers.map(({ worker }) => worker))
  return ready.flatMap((task) => withoutOwner(task, alive) ?? [])
}

const noWorkers = (ready: readonly TaskLine[]): Problem => ({
  kind: 'no workers',
  text: `nobody runs the job${ready.length === 0 ? '' : `; ${count(ready.length)} tasks wait for somebody`}`,
})

/** Workers register the job when they start, and only then. */
const noTasks: Problem = {
  kind: 'no tasks',
  text: 'workers run, but nothing of the job is registered: if it was begun anew under them, start them again',
}

function withoutOwner({ task, owner, expiresInMs }: TaskLine, alive: ReadonlySet<string>): Problem | undefined {
  if (owner === undefined) return { kind: 'no owner', task, text: 'nobody runs it' }
  if (alive.has(owner) && expiresInMs > 0) return undefined
  const until = expiresInMs > 0 ? `its lease ends in ${span(expiresInMs)}` : `its lease ended ${span(-expiresInMs)} ago`
  return { kind: 'dead owner', task, text: `${owner} gives no sign of life; ${until}` }
}

/** A task that has nothing to do takes no checkpoints: only one for which something waits is behind. */
function oldCheckpoints(status: ClusterStatus, ready: readonly TaskLine[], oldMs: number): Problem[] {
  const waits = waitingFor(status)
  return ready.flatMap((task): Problem[] => {
    if (task.ageMs === undefined || task.ageMs < oldMs || !waits(task)) return []
    return [{ kind: 'old checkpoint', task: task.task, text: `its last checkpoint is ${span(task.ageMs)} old` }]
  })
}

function waitingFor({ exchanges, workers }: ClusterStatus): (task: TaskLine) => boolean {
  const depths = new Map(exchanges.map(({ exchange, depths: bytesIn }) => [exchange, bytesIn]))
  const busy = new Set(workers.filter(({ backlog }) => backlog > 0).map(({ worker }) => worker))
  return ({ task, owner }) => {
    const { stage, partition } = splitTaskName(task)
    const own = depths.get(stage)
    return own === undefined ? owner !== undefined && busy.has(owner) : (own[Number(partition)] ?? 0) > 0
  }
}

const fullExchanges = ({ exchanges }: ClusterStatus, fullBytes: number): Problem[] =>
  exchanges.flatMap(({ exchange, depths }) =>
    depths.flatMap((depth, partition): Problem[] => {
      if (depth < fullBytes) return []
      const text = `${bytes(depth)} wait in this partition of the exchange: those that send to it pause`
      return [{ kind: 'full exchange', task: `${exchange}/${partition}`, text }]
    }),
  )
