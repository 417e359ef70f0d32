import type { HeartbeatReply, WorkerInfo } from '@millrace/core'

/** A task of this worker, and what it costs. */
export interface HeldTask {
  readonly task: string
  /** Records a second, smoothed. */
  readonly recordsPerSecond: number
}

/** What a worker does after a heartbeat. */
export interface Moves {
  /** How many tasks it should have. */
  readonly share: number
  /** How many of those that nobody holds it may take now. */
  readonly free: number
  /** Whom to ask for some of its tasks. */
  readonly ask: string | undefined
  /** Which tasks to give to whom. */
  readonly give: readonly { readonly task: string; readonly to: string }[]
}

/** Below this, in records a second a worker, what is measured says nothing, and tasks are counted instead. */
const leastRate = 100
/** A worker asks when another one does so much more than it does. */
const tolerance = 1.5

/**
 * Decides, from what the backplane says of all workers, what this one does about the balance. Everybody takes free tasks up
 * to an equal share of them. When none is free, who has much less than another asks that one, by measured load, or by
 * number of tasks as long as there is none; who is asked gives what brings both to the middle.
 */
export function balance(
  self: string,
  held: readonly HeldTask[],
  reply: Pick<HeartbeatReply, 'workers' | 'tasks' | 'free' | 'asks'>,
): Moves {
  const active = reply.workers.filter(({ isDraining }) => !isDraining)
  const own = reply.workers.find(({ worker }) => worker === self)
  if (own === undefined || own.isDraining) return { share: 0, free: 0, ask: undefined, give: [] }
  const share = Math.ceil(reply.tasks / Math.max(1, active.length))
  const weigh = weighing(active)
  return {
    share,
    free: reply.free,
    ask: reply.free === 0 ? busiest(self, active, weigh) : undefined,
    give: give(own, held, active, reply.asks, weigh),
  }
}

/** What counts as the load of a worker; the same for all of them at one time. */
type Weigh = 'rate' | 'count'

const weighing = (active: readonly WorkerInfo[]): Weigh => {
  const total = active.reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0)
  // with a worker that has nothing to do yet, there is no measure of what it can do
  return total >= leastRate * active.length && active.every(({ tasks }) => tasks > 0) ? 'rate' : 'count'
}

const loadOf = ({ tasks, recordsPerSecond }: WorkerInfo, weigh: Weigh): number =>
  weigh === 'rate' ? recordsPerSecond : tasks

function busiest(self: string, active: readonly WorkerInfo[], weigh: Weigh): string | undefined {
  const own = active.find(({ worker }) => worker === self)
  const [most] = active.toSorted((a, b) => loadOf(b, weigh) - loadOf(a, weigh) || (a.worker < b.worker ? -1 : 1))
  if (own === undefined || most === undefined || most.tasks < 2) return undefined
  const [less, more] = [loadOf(own, weigh), loadOf(most, weigh)]
  const isWorthIt = weigh === 'count' ? more - less >= 2 : more > less * tolerance
  return isWorthIt ? most.worker : undefined
}

function give(
  own: WorkerInfo,
  held: readonly HeldTask[],
  active: readonly WorkerInfo[],
  asks: readonly string[],
  weigh: Weigh,
): Moves['give'] {
  const left = held.toSorted((a, b) => b.recordsPerSecond - a.recordsPerSecond || (a.task < b.task ? -1 : 1))
  const given: { task: string; to: string }[] = []
  let load = weigh === 'rate' ? own.recordsPerSecond : held.length
  for (const to of asks) {
    const asker = active.find(({ worker }) => worker === to)
    if (asker === undefined) continue
    let surplus = (load - loadOf(asker, weigh)) / 2
    // at least one stays, and a task that is more than the surplus would only move the trouble
    for (let i = 0; i < left.length && left.length > 1;) {
      const weight = weigh === 'rate' ? (left[i]?.recordsPerSecond ?? 0) : 1
      if (weight === 0 || weight > surplus) {
        i++
        continue
      }
      const [task] = left.splice(i, 1)
      if (task) given.push({ task: task.task, to })
      surplus -= weight
      load -= weight
    }
  }
  return given
}
