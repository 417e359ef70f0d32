import type { Engine } from '@millrace/core/engine'
import type { StageThreads } from '../threads/stage-threads.ts'
import type { World } from '../world.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { Compactor } from './compaction.ts'
import type { Inputs } from './inputs.ts'
import type { WorkerState } from './lifecycle.ts'
import type { Loop } from './loop.ts'
import type { Outputs } from './outputs.ts'
import type { Redrive } from './redrive.ts'
import type { StateLog } from './state-log.ts'

/** What a task has in its hands while it runs. */
export interface TaskParts {
  readonly engine: Engine
  readonly inputs: Inputs
  readonly outputs: Outputs
  readonly checkpointer: Checkpointer
  readonly compactor: Compactor
  readonly redrive: Redrive
  readonly state: StateLog
  readonly loop: Loop
  readonly threads: Pick<StageThreads, 'nodes'> | undefined
}

/** How far a job has come, since it was started. */
export interface Progress {
  readonly job: string
  readonly state: WorkerState
  readonly elapsedMs: number
  /** Records taken from the sources, bad ones included. */
  readonly records: number
  /** Mean since the start. */
  readonly recordsPerSecond: number
  /** Records handed to the sinks. */
  readonly written: number
  /** The lowest of the sources, in ms since 1970; undefined before the first event time and after the last. */
  readonly watermark: number | undefined
  /** Age of the newest record taken, by its arrival at the source; undefined before the first. */
  readonly lagMs: number | undefined
  readonly deadLetters: number
  /** Records that came after their window was closed. */
  readonly late: number
  /** Number of the last checkpoint of the job, which counts through all its starts; 0 for none. */
  readonly checkpoint: number
  /** Checkpoints since the start. */
  readonly checkpoints: number
  /** What the last checkpoint names. */
  readonly stateBytes: number
  /** Partitions that are known and have not ended. */
  readonly partitions: number
  /** Records that each step passed on, by its name; for sinks, windows and other steps with state: that it took. */
  readonly nodes: Readonly<Record<string, number>>
}

const nothing = {
  records: 0,
  recordsPerSecond: 0,
  written: 0,
  watermark: undefined,
  lagMs: undefined,
  deadLetters: 0,
  late: 0,
  checkpoint: 0,
  checkpoints: 0,
  stateBytes: 0,
  partitions: 0,
  nodes: {},
}

/** Progress of a worker; `parts` are there once it has taken up its task. */
export function progressOf(
  job: string,
  state: WorkerState,
  startedAt: number,
  world: World,
  parts: TaskParts | undefined,
): Progress {
  const elapsedMs = world.elapsed() - startedAt
  if (parts === undefined) return { job, state, elapsedMs, ...nothing }
  const { records, deadLetters, late, watermarks, nodes } = parts.engine.stats()
  const watermark = Math.min(...Object.values(watermarks))
  const { arrival } = parts.loop
  return {
    job,
    state,
    elapsedMs,
    records,
    recordsPerSecond: elapsedMs > 0 ? (records / elapsedMs) * 1000 : 0,
    written: parts.outputs.written,
    watermark: Number.isFinite(watermark) ? watermark : undefined,
    lagMs: arrival === undefined ? undefined : Math.max(0, world.clock.now() - arrival),
    deadLetters: deadLetters + parts.outputs.refused,
    late,
    checkpoint: parts.checkpointer.seq,
    checkpoints: parts.checkpointer.count,
    stateBytes: parts.state.bytes,
    partitions: parts.inputs.live,
    nodes: sumOf([nodes, ...(parts.threads?.nodes ?? [])]),
  }
}

function sumOf(all: readonly Progress['nodes'][]): Progress['nodes'] {
  const sum: Record<string, number> = {}
  for (const each of all) for (const [name, count] of Object.entries(each)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
