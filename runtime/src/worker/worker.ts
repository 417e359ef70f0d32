import { setMaxListeners } from 'node:events'
import type { Backplane, Graph, Lease } from '@millrace/core'
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
import { type Progress, progressOf, type WorkerParts } from './progress.ts'
import { recover } from './recovery.ts'
import { Redrive } from './redrive.ts'
import { messageOf } from './retry.ts'
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
  /** How many partitions of a source are read at the same time. */
  readonly maxReaders: number
  /** Names of states, sources and sinks of which something stored may be forgotten. */
  readonly drop: readonly string[]
}

/** A reader or writer that does not close is left alone after this: nothing depends on it any more. */
const closeWithinMs = 5_000

/** Runs a whole topology as one task: all partitions of all sources, one lease, one sequence of checkpoints. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #outputs = new Outputs()
  readonly #wake = new Wake()
  /** Fires when nothing more is to be read. */
  readonly #reading = new AbortController()
  /** Fires when nothing more is to be done. */
  readonly #working = new AbortController()
  readonly #beating = new AbortController()
  readonly #startedAt: number
  #state: WorkerState = { type: 'new' }
  #lease: Lease | undefined
  #heart: Promise<void> | undefined
  #parts: WorkerParts | undefined
  #life: Promise<Ending> | undefined
  #closed: Promise<void> | undefined
  #isStopping = false
  #failure: { readonly error: unknown } | undefined
  /** A source cannot be read any more: what was read of all of them is kept. */
  #unreadable: { readonly error: unknown } | undefined
  #halted: ((failure: { readonly error: unknown } | 'late') => void) | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#startedAt = options.world.elapsed()
    // every reader and writer that waits listens, and takes itself off again
    setMaxListeners(0, this.#reading.signal, this.#working.signal, this.#beating.signal)
  }

  get state(): WorkerState['type'] {
    return this.#state.type
  }

  /** Runs until the input is done, {@link Worker.stop} or an error; resolves when everything is closed. */
  run(): Promise<Ending> {
    this.#life ??= this.#live()
    return this.#life
  }

  /** Finishes the batch at hand, writes a last checkpoint, commits it and gives the lease up. */
  stop(): void {
    if (this.#isStopping || this.#closed) return
    this.#isStopping = true
    this.#reading.abort()
    this.#wake.call()
    const cancel = this.#options.world.timer(this.#options.stopWithinMs, () => this.#halted?.('late'))
    this.#beating.signal.addEventListener('abort', cancel)
  }

  progress(): Progress {
    const { graph, world } = this.#options
    return progressOf(graph.name, this.#state.type, this.#startedAt, world, this.#parts)
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
    const lease = await this.#acquire()
    if (lease === undefined) return 'stopped'
    this.#state = { type: 'recovering', lease }
    const parts = await this.#takeUp(lease)
    this.#parts = parts
    this.#state = { type: 'running', lease }
    if (!this.#isStopping) parts.inputs.start()
    await parts.redrive.look()
    return parts.loop.run()
  }

  async #acquire(): Promise<Lease | undefined> {
    const { graph } = this.#options
    this.#state = { type: 'acquiring' }
    this.#lease = await acquire({ ...this.#options, task: graph.name, signal: this.#reading.signal })
    return this.#lease
  }

  async #takeUp(lease: Lease): Promise<WorkerParts> {
    const { graph, backplane, world, log, maxReaders, checkpointEveryMs } = this.#options
    const { signal } = this.#working
    const failed = (error: unknown): void => this.#fail(error)
    const wake = (): void => this.#wake.call()
    const redrive = new Redrive(backplane, log, wake)
    this.#heart = this.#startHeart(lease, redrive)

    const { checkpoint, engine, plan } = await recover({ ...this.#options, lease, signal, outputs: this.#outputs })
    const state = new StateLog(checkpoint?.seq, checkpoint?.state)
    const context = { clock: world.clock, signal: this.#reading.signal }
    const unreadable = (error: unknown): void => this.#failReading(error)
    const inputs = new Inputs({
      sources: graph.sources,
      engine,
      context,
      world,
      log,
      maxReaders,
      wake,
      failed: unreadable,
    })
    inputs.restore(checkpoint?.positions ?? {})
    const outputs = this.#outputs
    const topology = storedShapes(graph)
    const common = { backplane, lease, world, log, signal, failed }
    const checkpointer = new Checkpointer({ ...common, engine, outputs, state, topology, full: plan.full })
    const compactor = new Compactor({ ...common, log: state, signal: this.#reading.signal })
    const loop = new Loop({
      engine,
      inputs,
      outputs,
      checkpointer,
      compactor,
      redrive,
      checkpointEveryMs,
      wasFinished: checkpoint?.finished ?? false,
      world,
      wake: this.#wake,
      check: () => this.#check(),
      isStopping: () => this.#isStopping,
      isUnreadable: () => this.#unreadable !== undefined,
      ending: (ending) => (this.#state = { type: 'ending', lease, ending }),
    })
    return { engine, inputs, outputs, checkpointer, compactor, redrive, state, loop }
  }

  #startHeart(lease: Lease, redrive: Redrive): Promise<void> {
    const { backplane, leaseMs, world, log } = this.#options
    const lost = (): void => this.#fail(fenced(lease))
    const beat = async (): Promise<void> => void (await redrive.look())
    return heartbeat({ backplane, lease, leaseMs, world, log, signal: this.#beating.signal, lost, beat })
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
    this.#working.signal.throwIfAborted()
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#halted?.(this.#failure)
  }

  #failReading(error: unknown): void {
    this.#unreadable ??= { error }
    this.stop()
  }

  #close(outcome: Outcome): Promise<void> {
    this.#closed ??= this.#closeInOrder(outcome)
    return this.#closed
  }

  /** Each step is tried whatever became of the one before; none of them changes what is in the output. */
  async #closeInOrder(outcome: Outcome): Promise<void> {
    this.#state = { type: 'closing', outcome }
    this.#reading.abort()
    if (outcome.type === 'failed') this.#working.abort()
    await this.#step('readers', () => this.#parts?.inputs.close())
    await this.#step('compaction', () => this.#parts?.compactor.closed())
    await this.#step('sinks', () => this.#outputs.close())
    this.#working.abort()
    this.#beating.abort()
    await this.#step('heartbeat', () => this.#heart)
    await this.#step('lease', () => this.#lease && this.#options.backplane.release(this.#lease))
    this.#state = { type: 'closed', outcome }
  }

  async #step(what: string, close: () => Promise<void> | undefined): Promise<void> {
    const { world, log } = this.#options
    let cancel: (() => void) | undefined
    const late = new Promise<never>((_, reject) => {
      cancel = world.timer(closeWithinMs, () => reject(new Error(`not closed after ${closeWithinMs} ms`)))
    })
    try {
      await Promise.race([close(), late])
    } catch (error) {
      log.warn({ err: error }, `closing the ${what} failed: ${messageOf(error)}`)
    } finally {
      cancel?.()
    }
  }
}
