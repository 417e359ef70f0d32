import { type Backplane, type Graph, type Lease, MillraceError } from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { acquire } from './acquire.ts'
import { Checkpointer } from './checkpointer.ts'
import { Compactor } from './compaction.ts'
import { fenced } from './fenced.ts'
import { heartbeat } from './heartbeat.ts'
import { Inputs } from './inputs.ts'
import type { Ending, Outcome, WorkerState } from './lifecycle.ts'
import { Loop } from './loop.ts'
import { Outputs } from './outputs.ts'
import { type Recovered, recover } from './recovery.ts'
import { Redrive } from './redrive.ts'
import { storedShapes } from './state-changes.ts'
import { StateLog } from './state-log.ts'
import { Wake } from './wake.ts'

/** Options of {@link Worker}, all of them resolved. */
export interface WorkerOptions {
  readonly graph: Graph
  readonly backplane: Backplane
  /** Who holds the lease, as the backplane knows it: unique to this worker. */
  readonly owner: string
  readonly world: World
  readonly log: Logger
  readonly checkpointEveryMs: number
  readonly leaseMs: number
  /** How long a stop may take before it does without a last checkpoint. */
  readonly stopWithinMs: number
  readonly maxReaders: number
  readonly drop: readonly string[]
}

/** What a worker has in its hands while it runs. */
interface Parts {
  readonly engine: Engine
  readonly inputs: Inputs
  readonly checkpointer: Checkpointer
  readonly compactor: Compactor
  readonly state: StateLog
  readonly loop: Loop
}

/** Runs a whole topology in one task: all partitions of all sources, one lease, one sequence of checkpoints. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #outputs = new Outputs()
  readonly #wake = new Wake()
  readonly #reading = new AbortController()
  readonly #halt = new AbortController()
  readonly #background = new Set<Promise<void>>()
  #state: WorkerState = { type: 'new' }
  #lease: Lease | undefined
  #parts: Parts | undefined
  #running: Promise<Ending> | undefined
  #closing: Promise<void> | undefined
  #isStopping = false
  #failure: { readonly error: unknown } | undefined
}
