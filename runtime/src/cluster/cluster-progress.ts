import type { WorkerState } from '../worker/lifecycle.ts'
import { type Progress, progressOf } from '../worker/progress.ts'
import type { Task } from '../worker/task.ts'
import type { World } from '../world.ts'

/** How far a worker with many tasks has come: the sum over those it runs and those it has run. */
export class ClusterProgress {
  readonly #job: string
  readonly #world: World
  readonly #startedAt: number
  /** Of tasks that are closed. */
  #past: Progress

  constructor(job: string, world: World) {
    this.#job = job
    this.#world = world
    this.#startedAt = world.elapsed()
    this.#past = progressOf(job, 'new', this.#startedAt, world, undefined)
  }

  /** Keeps what a task that is closed has done. */
  ended(task: Task): void {
    // what it had at its end is another task's now
    const nothing = { watermark: undefined, lagMs: undefined, partitions: 0, stateBytes: 0 }
    this.#past = add(this.#past, { ...this.#of(task), ...nothing })
  }

  now(state: WorkerState, running: readonly Task[]): Progress {
    const elapsedMs = this.#world.elapsed() - this.#startedAt
    const sum = running.map((task) => this.#of(task)).reduce(add, this.#past)
    const recordsPerSecond = elapsedMs > 0 ? (sum.records / elapsedMs) * 1000 : 0
    return { ...sum, state, elapsedMs, recordsPerSecond }
  }

  #of({ parts }: Task): Progress {
    return progressOf(this.#job, 'running', this.#startedAt, this.#world, parts)
  }
}

function add(a: Progress, b: Progress): Progress {
  return {
    ...a,
    records: a.records + b.records,
    written: a.written + b.written,
    watermark: least(a.watermark, b.watermark),
    lagMs: most(a.lagMs, b.lagMs),
    deadLetters: a.deadLetters + b.deadLetters,
    late: a.late + b.late,
    checkpoint: Math.max(a.checkpoint, b.checkpoint),
    checkpoints: a.checkpoints + b.checkpoints,
    stateBytes: a.stateBytes + b.stateBytes,
    partitions: a.partitions + b.partitions,
    nodes: addNodes(a.nodes, b.nodes),
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a

const most = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a

function addNodes(a: Progress['nodes'], b: Progress['nodes']): Progress['nodes'] {
  const sum: Record<string, number> = { ...a }
  for (const [name, passed] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + passed
  return sum
}
