import { setMaxListeners } from 'node:events'
import type { Backplane, Graph, Lease, SourceNode } from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { StageThreads } from '../threads/stage-threads.ts'
import type { World } from '../world.ts'
import { Checkpointer } from './checkpointer.ts'
import { Compactor } from './compaction.ts'
import { Inputs } from './inputs.ts'
import type { Ending, Outcome, TaskState } from './lifecycle.ts'
import { Loop } from './loop.ts'
import { Outputs } from './outputs.ts'
import type { TaskParts } from './progress.ts'
import { recover, type Recovered } from './recovery.ts'
import { Redrive } from './redrive.ts'
import { messageOf } from './retry.ts'
import { storedShapes } from './state-changes.ts'
import { StateLog } from './state-log.ts'
import type { TaskLink } from './task-link.ts'
import { Wake } from './wake.ts'

/** What every task of a worker is run with. */
export interface TaskSettings {
  readonly backplane: Backplane
  readonly world: World
  readonly log: Logger
  readonly checkpointEveryMs: number
  /** How long a stop may take before it does without a last checkpoint. */
  readonly stopWithinMs: number
  /** How many partitions of a source are read at the same time. */
  readonly maxReaders: number
  /** Names of states, sources and sinks of which something stored may be forgotten. */
  readonly drop: readonly string[]
}

/** Options of {@link Task}. */
export interface TaskOptions extends TaskSettings {
  /** A whole topology, or one stage of it. */
  readonly graph: Graph
  /** The sources of the graph as they are to be read: of a stage, one partition. */
  readonly sources: readonly SourceNode[]
  /** Held by the caller, who renews it and gives it up. */
  readonly lease: Lease
  /** Of one task among many. */
  readonly link?: TaskLink
  /** Process records of some of its sources; the caller closes them. */
  readonly threads?: StageThreads | undefined
}

/** A reader or writer that does not close is left alone after this: nothing depends on it any more. */
const closeWithinMs = 5_000

/**
 * Runs a topology, or one stage of it on one partition, under one lease: one engine, one sequence of checkpoints. Who made
 * it holds the lease.
 */
export class Task {
  readonly #options: TaskOptions
  readonly #outputs = new Outputs()
  readonly #wake = new Wake()
  readonly #redrive: Redrive
  /** Fires when nothing more is to be read. */
  readonly #reading = new AbortController()
  /** Fires when nothing more is to be done. */
  readonly #working = new AbortController()
  readonly #closed = new AbortController()
  #state: TaskState = { type: 'recovering' }
  #parts: TaskParts | undefined
  #life: Promise<Ending> | undefined
  #isStopping = false
  #failure: { readonly error: unknown } | undefined
  /** A source cannot be read any more: what was read of all of them is kept. */
  #unreadable: { readonly error: unknown } | undefined
  #halted: ((failure: { readonly error: unknown } | 'late') => void) | undefined

  constructor(options: TaskOptions) {
    this.#options = options
    this.#redrive = new Redrive(options.backplane, options.log, () => this.#wake.call())
    // every reader and writer that waits listens, and takes itself off again
    setMaxListeners(0, this.#reading.signal, this.#working.signal)
  }

  get lease(): Lease {
    return this.#options.lease
  }

  get state(): TaskState['type'] {
    return this.#state.type
  }

  /** There once it has been recovered. */
  get parts(): TaskParts | undefined {
    return this.#parts
  }

  /** Runs until the input is done, {@link Task.stop} or an error; resolves when everything of it is closed. */
  run(): Promise<Ending> {
    this.#life ??= this.#live()
    return this.#life
  }

  /** Finishes the batch at hand, writes a last checkpoint and commits it. */
  stop(): void {
    if (this.#isStopping || this.#closed.signal.aborted) return
    this.#isStopping = true
    this.#reading.abort()
    this.#wake.call()
    const cancel = this.#options.world.timer(this.#options.stopWithinMs, () => this.#halted?.('late'))
    this.#closed.signal.addEventListener('abort', cancel)
  }

  /** Ends at once, without another checkpoint: the lease is lost, or nothing can be stored any more. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#halted?.(this.#failure)
  }

  /** Looks for dead letters that are to be read again. */
  async lookForLetters(): Promise<void> {
    if (this.#options.link === undefined) await this.#redrive.look()
  }

  async #live(): Promise<Ending> {
    const halted = new Promise<{ readonly error: unknown } | 'late'>((resolve) => (this.#halted = resolve))
    try {
      const ending = await Promise.race([this.#work(), halted.then((halt) => this.#halt(halt))])
      if (this.#unreadable) throw this.#unreadable.error
      await this.#close({ type: 'ended', ending })
      return ending
    } catch (error) {
      await this.#close({ type: 'failed', error })
      throw error
    }
  }

  /** Ends a life whose work may never end by itself: a writer that hangs has no other way out. */
  #halt(halt: { readonly error: unknown } | 'late'): Ending {
    this.#working.abort()
    if (halt !== 'late') throw halt.error
    this.#options.log.warn({}, 'stopped without a last checkpoint: the next start goes on from the one before')
    return 'stopped'
  }

  async #work(): Promise<Ending> {
    const parts = await this.#recover()
    this.#parts = parts
    this.#state = { type: 'running' }
    if (!this.#isStopping) parts.inputs.start()
    await this.lookForLetters()
    return parts.loop.run()
  }

  async #recover(): Promise<TaskParts> {
    const signal = this.#working.signal
    const recovered = await recover({ ...this.#options, signal, outputs: this.#outputs })
    return this.#build(recovered)
  }

  #build({ checkpoint, engine, plan }: Recovered): TaskParts {
    const { graph, backplane, lease, world, log, link, threads, checkpointEveryMs } = this.#options
    const { signal } = this.#working
    const failed = (error: unknown): void => this.fail(error)
    const state = new StateLog(checkpoint?.seq, checkpoint?.state)
    const inputs = this.#inputs(engine)
    link?.begin(engine, checkpoint)
    inputs.restore(link?.positions(checkpoint) ?? checkpoint?.positions ?? {}, checkpoint?.beginnings)
    threads?.begin({
      engine,
      wake: () => this.#wake.call(),
      failing: (from) => inputs.failing(from),
      unreadable: (error) => this.#failReading(error),
      failed,
    })
    const outputs = this.#outputs
    const topology = storedShapes(graph)
    const common = { backplane, lease, world, log, signal, failed }
    const checkpointer = new Checkpointer({
      ...common,
      engine,
      outputs,
      state,
      topology,
      full: plan.full,
      restored: checkpoint,
    })
    const compactor = new Compactor({ ...common, log: state, signal: this.#reading.signal })
    const redrive = this.#redrive
    const loop = new Loop({
      engine,
      inputs,
      outputs,
      checkpointer,
      compactor,
      redrive,
      link,
      threads,
      checkpointEveryMs,
      wasFinished: checkpoint?.finished ?? false,
      world,
      wake: this.#wake,
      check: () => this.#check(),
      isStopping: () => this.#isStopping,
      isUnreadable: () => this.#unreadable !== undefined,
      ending: (ending) => (this.#state = { type: 'ending', ending }),
    })
    return { engine, inputs, outputs, checkpointer, compactor, redrive, state, loop, threads }
  }

  #inputs(engine: Recovered['engine']): Inputs {
    const { sources, world, log, maxReaders, threads } = this.#options
    return new Inputs({
      sources,
      engine,
      context: { clock: world.clock, signal: this.#reading.signal },
      world,
      log,
      maxReaders,
      threads,
      wake: () => this.#wake.call(),
      failed: (error) => this.#failReading(error),
    })
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
    this.#working.signal.throwIfAborted()
  }

  #failReading(error: unknown): void {
    this.#unreadable ??= { error }
    this.stop()
  }

  /** Each step is tried whatever became of the one before; none of them changes what is in the output. */
  async #close(outcome: Outcome): Promise<void> {
    this.#state = { type: 'closing', outcome }
    this.#reading.abort()
    if (outcome.type === 'failed') this.#working.abort()
    await this.#step('readers', () => this.#parts?.inputs.close())
    await this.#step('compaction', () => this.#parts?.compactor.closed())
    await this.#step('sinks', () => this.#outputs.close())
    this.#working.abort()
    this.#closed.abort()
    this.#state = { type: 'closed', outcome }
  }

  #step(what: string, close: () => Promise<void> | undefined): Promise<void> {
    const { world, log } = this.#options
    return closeWithin(closeWithinMs, { what, close, world, log })
  }
}

/** Waits for something to close, but not for ever; what is thrown is only reported, as the next step has to be tried too. */
export async function closeWithin(
  ms: number,
  options: {
    readonly what: string
    readonly close: () => Promise<void> | undefined
    readonly world: World
    readonly log: Logger
  },
): Promise<void> {
  const { what, close, world, log } = options
  let cancel: (() => void) | undefined
  const late = new Promise<never>((_, reject) => {
    cancel = world.timer(ms, () => reject(new Error(`not closed after ${ms} ms`)))
  })
  try {
    await Promise.race([close(), late])
  } catch (error) {
    log.warn({ err: error }, `closing the ${what} failed: ${messageOf(error)}`)
  } finally {
    cancel?.()
  }
}
