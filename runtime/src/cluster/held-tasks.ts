import {
  type ClaimedTask,
  type ClusterBackplane,
  isMillraceError,
  type Lease,
  splitTaskName,
  type WorkerLoad,
} from '@millrace/core'
import type { Logger } from '../logger.ts'
import { fenced } from '../worker/fenced.ts'
import type { Task } from '../worker/task.ts'
import { messageOf } from '../worker/retry.ts'
import type { World } from '../world.ts'
import type { HeldTask } from './balance.ts'
import { TaskRate } from './task-rate.ts'

/** What {@link HeldTasks} runs, and whom it tells. */
export interface HeldTasksOptions {
  readonly factory: { make(claimed: ClaimedTask): Task }
  readonly backplane: Pick<ClusterBackplane, 'release'>
  readonly world: World
  readonly log: Logger
  /** A task is closed, and its lease given up or lost. */
  readonly ended: (task: Task) => void
  /** A task has failed for a reason that another worker would meet too. */
  readonly failed: (error: unknown) => void
}

interface Held {
  readonly task: Task
  readonly rate: TaskRate
  recordsPerSecond: number
  /** Who asked for it. */
  giveTo?: string
}

/** The tasks that a worker runs at present, by name. */
export class HeldTasks {
  readonly #options: HeldTasksOptions
  readonly #held = new Map<string, Held>()

  constructor(options: HeldTasksOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#held.size
  }

  /** How many belong to certain stages. */
  count(isWanted: (stage: string) => boolean): number {
    return [...this.#held.keys()].filter((task) => isWanted(splitTaskName(task).stage)).length
  }

  get leases(): readonly Lease[] {
    return [...this.#held.values()].map(({ task }) => task.lease)
  }

  get running(): readonly Task[] {
    return [...this.#held.values()].map(({ task }) => task)
  }

  /** Begins a task; one that it has already is a repeat of the answer. */
  start(claimed: ClaimedTask): void {
    const { lease } = claimed
    const known = this.#held.get(lease.task)
    if (known?.task.lease.nonce === lease.nonce) return
    // the backplane has given it out anew: what runs under the name before is over, whether it knows or not
    known?.task.fail(fenced(known.task.lease))
    const { world, log, factory } = this.#options
    const task = factory.make(claimed)
    const held: Held = { task, rate: new TaskRate(world.elapsed()), recordsPerSecond: 0 }
    this.#held.set(lease.task, held)
    log.debug({ task: lease.task, epoch: lease.epoch }, 'took a task')
    void this.#follow(held)
  }

  /** The lease is another one's: the task ends at once, and aborts nothing. */
  lost({ task, nonce }: Lease, error: unknown): void {
    const held = this.#held.get(task)
    if (held?.task.lease.nonce === nonce) held.task.fail(error)
  }

  /** Lets a task come to its end, and keeps it for the worker that asked. */
  give(task: string, to: string): void {
    const held = this.#held.get(task)
    if (held === undefined || held.giveTo !== undefined) return
    held.giveTo = to
    held.task.stop()
  }

  /** Lets all tasks come to their end. */
  stopAll(): void {
    for (const { task } of this.#held.values()) task.stop()
  }

  /** Measures all tasks; called once a heartbeat. */
  load(): WorkerLoad {
    const now = this.#options.world.elapsed()
    let [recordsPerSecond, backlog] = [0, 0]
    for (const held of this.#held.values()) {
      held.recordsPerSecond = held.rate.measure(held.task.parts?.engine.records ?? 0, now)
      recordsPerSecond += held.recordsPerSecond
      backlog += held.task.parts?.loop.backlog ?? 0
    }
    return { tasks: this.#held.size, recordsPerSecond, backlog }
  }

  /** What each task costs, by the last {@link HeldTasks.load}; without those that are on their way to another worker. */
  rates(): HeldTask[] {
    return [...this.#held]
      .filter(([, { giveTo }]) => giveTo === undefined)
      .map(([task, { recordsPerSecond }]) => ({ task, recordsPerSecond }))
  }

  async #follow(held: Held): Promise<void> {
    const { lease } = held.task
    const { log, failed, ended } = this.#options
    try {
      const ending = await held.task.run()
      log.debug({ task: lease.task, ending }, 'a task has ended')
      await this.#release(held)
    } catch (error) {
      if (isMillraceError(error) && error.code === 'FENCED') log.warn({ task: lease.task }, error.message)
      else {
        await this.#release(held)
        failed(error)
      }
    }
    if (this.#held.get(lease.task) === held) this.#held.delete(lease.task)
    ended(held.task)
  }

  /** One that is not given up expires. */
  async #release({ task, giveTo }: Held): Promise<void> {
    try {
      await this.#options.backplane.release(task.lease, giveTo === undefined ? {} : { reserveFor: giveTo })
    } catch (error) {
      this.#options.log.warn({ err: error, task: task.lease.task }, `the lease was not given up: ${messageOf(error)}`)
    }
  }
}
