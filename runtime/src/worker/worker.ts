import type { Backplane, Graph } from '@millrace/core'
import { acquire } from './acquire.ts'
import { fenced } from './fenced.ts'
import { heartbeat } from './heartbeat.ts'
import type { Ending, WorkerState } from './lifecycle.ts'
import { type Progress, progressOf } from './progress.ts'
import type { StageThreads } from '../threads/stage-threads.ts'
import { closeWithin, Task, type TaskSettings } from './task.ts'

/** Options of {@link Worker}, all of them resolved. */
export interface WorkerOptions extends TaskSettings {
  readonly graph: Graph
  readonly backplane: Backplane
  /** Who holds the lease, as the backplane knows it: unique to this worker. */
  readonly owner: string
  readonly leaseMs: number
  /** Process records of some of its sources. */
  readonly threads?: StageThreads | undefined
}

/** The backplane is left alone after this: an unreleased lease expires. */
const closeWithinMs = 5_000

/** Runs a whole topology as one task: all partitions of all sources, one lease, one sequence of checkpoints. */
export class Worker {
  readonly #options: WorkerOptions
  /** Fires when nothing more is to be begun. */
  readonly #stopping = new AbortController()
  readonly #beating = new AbortController()
  readonly #startedAt: number
  #state: 'new' | 'acquiring' | 'closing' | 'closed' = 'new'
  #task: Task | undefined
  #life: Promise<Ending> | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#startedAt = options.world.elapsed()
  }

  get state(): WorkerState {
    return this.#state === 'acquiring' ? (this.#task?.state ?? 'acquiring') : this.#state
  }

  /** Runs until the input is done, {@link Worker.stop} or an error; resolves when everything is closed. */
  run(): Promise<Ending> {
    this.#life ??= this.#live()
    return this.#life
  }

  /** Finishes the batch at hand, writes a last checkpoint, commits it and gives the lease up. */
  stop(): void {
    this.#stopping.abort()
    this.#task?.stop()
  }

  progress(): Progress {
    const { graph, world } = this.#options
    return progressOf(graph.name, this.state, this.#startedAt, world, this.#task?.parts)
  }

  async #live(): Promise<Ending> {
    this.#state = 'acquiring'
    const { graph, world, log } = this.#options
    const lease = await acquire({ ...this.#options, task: graph.name, signal: this.#stopping.signal })
    if (lease === undefined) return this.#closed('stopped')
    const task = new Task({ ...this.#options, sources: graph.sources, lease })
    this.#task = task
    if (this.#stopping.signal.aborted) task.stop()
    const heart = this.#startHeart(task)
    try {
      return await task.run()
    } finally {
      this.#state = 'closing'
      this.#beating.abort()
      await closeWithin(closeWithinMs, { what: 'heartbeat', close: () => heart, world, log })
      await closeWithin(closeWithinMs, {
        what: 'lease',
        close: () => this.#options.backplane.release(lease),
        world,
        log,
      })
      this.#state = 'closed'
    }
  }

  #closed(ending: Ending): Ending {
    this.#state = 'closed'
    return ending
  }

  #startHeart(task: Task): Promise<void> {
    const { backplane, leaseMs, world, log } = this.#options
    const { lease } = task
    const lost = (): void => task.fail(fenced(lease))
    const beat = (): Promise<void> => task.lookForLetters()
    return heartbeat({ backplane, lease, leaseMs, world, log, signal: this.#beating.signal, lost, beat })
  }
}
