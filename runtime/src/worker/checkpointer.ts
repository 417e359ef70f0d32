import {
  type Backplane,
  type Checkpoint,
  type CheckpointWrite,
  type DeadLetter,
  type ExchangeWrite,
  type Handle,
  type Json,
  type Lease,
  type PartitionEnd,
  type StateBlob,
  tenureId,
} from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { contentHash } from './content-hash.ts'
import { fenced } from './fenced.ts'
import type { Positions } from './inputs.ts'
import type { Outputs } from './outputs.ts'
import { retry, type RetryOptions, saysRetryable } from './retry.ts'
import type { StateLog } from './state-log.ts'

/** What a {@link Checkpointer} writes, and where. */
export interface CheckpointerOptions {
  readonly backplane: Backplane
  readonly lease: Lease
  readonly engine: Engine
  readonly outputs: Outputs
  readonly state: StateLog
  /** Shapes of the states of the topology. */
  readonly topology: Json
  /** All of the state goes into the first checkpoint, as what is stored has other names or is dropped. */
  readonly full: boolean
  readonly world: World
  readonly log: Logger
  readonly signal: AbortSignal
  /** The checkpoint that the task was taken up from. */
  readonly restored: Checkpoint | undefined
  /** What was prepared could not be committed. */
  readonly failed: (error: unknown) => void
}

/** What the loop knows and a checkpoint holds. */
export interface CheckpointRequest {
  readonly positions: Positions
  readonly beginnings: Checkpoint['beginnings']
  readonly deadLetters: readonly DeadLetter[]
  readonly redriven: readonly number[]
  /** No other checkpoint of this tenure is planned. */
  readonly last: boolean
  readonly finished: boolean
  /** What goes to other stages with it. */
  readonly exchange?: ExchangeWrite | undefined
  /** Who goes on where its partition has ended, which it may have while the task has not. */
  readonly children?: PartitionEnd['children'] | undefined
}

/**
 * Writes checkpoints, one after the other.
 *
 * ```
 *   handles of n − 1 committed ─▶ prepare all sinks ─▶ snapshot ─▶ write record n ─┬─▶ the loop goes on
 *                                                                                  └─▶ durable ─▶ commit handles of n
 * ```
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions
  #full: boolean
  #last: Checkpoint | undefined
  #committing: Promise<void> = Promise.resolve()
  #garbage: 'none' | 'named once more' = 'none'
  /** Written by this tenure. */
  count = 0

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#full = options.full
  }

  /** Number of the last checkpoint of the job. */
  get seq(): number {
    return this.#options.state.seq
  }

  /**
   * Takes a checkpoint of this instant: the caller processes nothing until it resolves.
   *
   * @returns in how many ms the sinks want another one
   */
  async take(request: CheckpointRequest): Promise<number> {
    const { engine, outputs, state } = this.#options
    await this.committed()
    const seq = state.seq + 1
    const { handles, sinks, againInMs } = await outputs.prepare(seq, { last: request.last })
    const { meta, delta } = engine.snapshot({ full: this.#full })
    const newest = delta && (await this.#store(seq, delta))
    const kept = this.#full ? [] : state.next
    const { positions, beginnings, finished, redriven, children = [] } = request
    const deadLetters = [...request.deadLetters, ...outputs.takeLetters()]
    const blobs = newest ? [...kept, newest.blob] : kept
    const parts = { positions, engine: meta, state: blobs, handles, sinks, finished }
    const checkpoint = this.#record(seq, {
      ...parts,
      ...(beginnings && { beginnings }),
      ...(children.length > 0 && { children }),
    })
    await this.#write({
      checkpoint,
      deadLetters,
      redriven,
      ...(request.exchange && { exchange: request.exchange }),
      ...(newest?.blob.kind === 'delta' ? { delta: newest } : {}),
    })
    this.#full = false
    this.#commit(handles)
    return againInMs
  }

  /** Resolves when the handles of the last checkpoint are committed; rejects when they cannot be. */
  committed(): Promise<void> {
    return this.#committing
  }

  /**
   * After the last commit: one more record, without handles, so that a later topology may leave a sink out. Of a task
   * whose partition has `ended` it is the one that says so: before, the next owner still had something to commit.
   */
  async seal(ended?: PartitionEnd): Promise<void> {
    await this.committed()
    const last = this.#last ?? (ended && this.#options.restored)
    if (last === undefined || (last.handles.length === 0 && ended === undefined)) return
    const checkpoint = { ...last, ...this.#head(this.seq + 1), handles: [] }
    await this.#write({ checkpoint, deadLetters: [], redriven: [], ...(ended && { ended }) })
    await this.#persist('durable', () => this.#options.backplane.durable(this.#options.lease))
  }

  #record(seq: number, parts: Omit<Checkpoint, 'task' | 'seq' | 'tenure' | 'takenAt' | 'topology'>): Checkpoint {
    return { ...this.#head(seq), topology: this.#options.topology, ...parts }
  }

  #head(seq: number): Pick<Checkpoint, 'task' | 'seq' | 'tenure' | 'takenAt'> {
    const { task, run, epoch, nonce } = this.#options.lease
    return { task, seq, tenure: { run, epoch, nonce }, takenAt: this.#options.world.clock.now() }
  }

  /** A delta goes with its record; a base may be large and is stored before, piece by piece. */
  async #store(seq: number, bytes: Uint8Array): Promise<{ readonly blob: StateBlob; readonly bytes: Uint8Array }> {
    const { lease, backplane, world } = this.#options
    const kind = this.#full ? 'base' : 'delta'
    const id = `${tenureId(lease)}-${seq}-${kind}`
    const blob: StateBlob = { id, kind, bytes: bytes.length, hash: await contentHash(bytes, world) }
    if (kind === 'delta') return { blob, bytes }
    const outcome = await this.#persist('writeBase', () => backplane.writeBase(lease, blob, bytes))
    if (outcome === 'fenced') throw fenced(lease)
    return { blob, bytes }
  }

  async #write(write: CheckpointWrite): Promise<void> {
    const { backplane, lease, state } = this.#options
    const { checkpoint } = write
    const outcome = await this.#persist('writeCheckpoint', () => backplane.writeCheckpoint(lease, write))
    if (outcome === 'fenced') throw fenced(lease)
    this.#last = checkpoint
    this.count++
    await this.#collect(state.advance(checkpoint.seq, checkpoint.state))
  }

  /** What has nothing to commit need not wait for the record to be durable: should it be forgotten, so is all that followed. */
  #commit(handles: readonly Handle[]): void {
    if (handles.length === 0) return
    const { backplane, lease, outputs, failed } = this.#options
    this.#committing = this.#persist('durable', () => backplane.durable(lease)).then(() => outputs.commit(handles))
    this.#committing.catch(failed)
  }

  /** The record before the last still names what this one dropped, so garbage waits for one more. */
  async #collect(dropped: boolean): Promise<void> {
    const due = this.#garbage === 'named once more'
    this.#garbage = dropped ? 'named once more' : 'none'
    if (due) await this.#persist('collectGarbage', () => this.#options.backplane.collectGarbage(this.#options.lease))
  }

  /** The same request again while its outcome is unknown; nothing is processed or aborted meanwhile. */
  #persist<T>(call: string, request: () => Promise<T>): Promise<T> {
    return retry(request, retryOptions(this.#options, call))
  }
}

/** Retries of a call of the backplane. */
export const retryOptions = (
  { world, signal, log }: Pick<CheckpointerOptions, 'world' | 'signal' | 'log'>,
  call: string,
): RetryOptions => ({
  world,
  signal,
  isTransient: saysRetryable,
  failed: (error, delayMs) =>
    log.warn({ err: error, delayMs: Math.round(delayMs) }, `the backplane did not answer ${call}; it is asked again`),
})
