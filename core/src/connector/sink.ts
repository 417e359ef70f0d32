import type { Clock } from '../clock.ts'

/**
 * What a sink promises of every output record, whatever is killed and restarted:
 * - `exactly-once`: visible once.
 * - `idempotent`: written under a stable id, so that a repeat changes nothing.
 * - `at-least-once`: may be written again after a crash.
 */
export type Guarantee = 'exactly-once' | 'idempotent' | 'at-least-once'

/** The fencing token of a task's owner: part of every name, id and version that a sink makes outside. */
export interface Tenure {
  /** One life of the job between rewinds and restores. */
  readonly run: string
  /** Grows with every owner of the task's lease. */
  readonly epoch: number
  /** Random, so that two tenures differ even when a backplane forgot an epoch. */
  readonly nonce: string
}

/** A {@link Tenure} as one word for file names and ids: `<run>-<epoch>-<nonce>`. */
export const tenureId = (tenure: Tenure): string => `${tenure.run}-${tenure.epoch}-${tenure.nonce}`

/** JSON data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Output that is durable and invisible until it is committed, by any process. */
export interface Handle {
  /** Name of the sink in the topology. */
  readonly sink: string
  /** Unique for all time; holds the tenure. */
  readonly id: string
  /** Where it goes, for people: a path, a bucket and key. */
  readonly destination: string
  /** When the destination drops what is not committed, in ms since 1970; absent for never. */
  readonly expiresAt?: number
  /** All that {@link SinkWriter.commit} needs. */
  readonly data: Json
}

/** How {@link SinkWriter.prepare} is called. */
export interface PrepareOptions {
  /** The job ends, or stops for good: nothing is kept open for later, all that was written becomes handles. */
  readonly last: boolean
}

/** What {@link SinkWriter.prepare} hands to the checkpoint. */
export interface Prepared {
  readonly handles: readonly Handle[]
  /** Given to {@link Sink.open} after a restart; undefined for nothing to remember. */
  readonly state?: Json
  /** In how many ms it will have handles to give though nothing is written until then; absent for never. */
  readonly againInMs?: number
}

/**
 * What became of a handle: `committed` now, `already` before, `retry` later (the destination is away), or `lost` for
 * good. Never a guess.
 */
export type CommitOutcome = 'committed' | 'already' | 'retry' | 'lost'

/** An output record that can never be written: it does not encode, or is too large for the destination. */
export interface RefusedOutput {
  readonly value: unknown
  /** Its event time, in ms since 1970. */
  readonly time: number
  readonly error: unknown
}

/** What a sink is given of the world. */
export interface SinkContext {
  readonly job: string
  /** Name of the sink in the topology. */
  readonly sink: string
  readonly task: string
  readonly tenure: Tenure
  readonly clock: Clock
  readonly signal: AbortSignal
  /**
   * Takes a record that can never be written, so that the rest of its batch can: by the policy of the sink it becomes a
   * dead letter of the next checkpoint, is skipped, or fails the job (then this throws). Called by `write` or `prepare`,
   * once a record, not again when the call is repeated.
   */
  readonly refuse: (record: RefusedOutput) => void
  /** State of the last checkpoint, by whichever tenure wrote it. */
  readonly state: Json | undefined
}

/** Some output records; the arrays belong to the writer from then on. */
export interface SinkBatch<out T> {
  readonly length: number
  readonly values: readonly T[]
  /** Event times in ms since 1970, one a value. */
  readonly times: Float64Array
}

/** Writes to one destination. Inert: nothing connects before {@link Sink.open}. */
export interface Sink<in T> {
  /** Kind of connector: `file`, `console`. */
  readonly kind: string
  readonly guarantee: Guarantee
  /** For `explain` and the topology print: options that matter, no secrets. */
  readonly description: string
  open(context: SinkContext): Promise<SinkWriter<T>>
  /** Checks options that depend on nothing but the machine, before the job starts: a missing folder, a bad URL. */
  check?(): Promise<void>
}

/**
 * Writes for one task and one tenure. Calls never overlap. A method that rejects with a retryable error is called again
 * with the same arguments; any other error ends the job, whose next start goes on from the last checkpoint.
 *
 * ```
 *   open ─▶ commit(handles of the last record) ─▶ abort(older tenures) ─▶ ┌─▶ write* ─▶ prepare(n) ─▶ record n ─▶ commit ─┐
 *                                                                         └──────────────────────────────────────────────┘ ─▶ close
 * ```
 */
export interface SinkWriter<in T> {
  /** Takes a batch. The promise is back-pressure: the next batch comes after it. */
  write(batch: SinkBatch<T>): Promise<void> | void
  /** All written so far becomes durable, not visible. `seq` numbers the checkpoints of a run and never restarts. */
  prepare(seq: number, options?: PrepareOptions): Promise<Prepared>
  /** Makes prepared output visible, handles of older tenures included; one outcome a handle, in order. */
  commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]>
  /** Removes what tenures of this task of an epoch below `before` left prepared or half written, except these handles. */
  abort(request: { readonly before: number; readonly except: readonly Handle[] }): Promise<void>
  /** Frees what is held. Aborts nothing prepared: it may be in an accepted checkpoint. */
  close(): Promise<void>
}
