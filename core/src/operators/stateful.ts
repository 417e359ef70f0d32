import type { Form } from '../state/code.ts'
import type { DeltaWriter } from '../state/delta.ts'
import type { ByteReader } from '../state/byte-reader.ts'
import type { Emitter } from '../state/emitter.ts'
import type { Key } from '../state/key.ts'
import type { StatefulNode } from '../topology/node.ts'

/** What became of a record given to a stateful operator. */
export const verdict = {
  /** Taken; for `dedupe`: not seen before. */
  taken: 0,
  /** `dedupe` only: seen before. */
  duplicate: 1,
  /** Came too late, and nothing of the topology reads late records: it becomes a dead letter. */
  late: 2,
  /** Came too late and was sent to `late`, or is to be dropped. */
  gone: 3,
} as const

/** What an operator is given of the engine. */
export interface OperatorHost {
  readonly form: Form
  /** True when the sinks have enough to write: firing pauses at the next `yield`. */
  full(): boolean
  /** Takes note of a record that came too late for a window or for `dedupe`, wherever it goes. */
  countLate(): void
  /** Takes something that a firing could not compute; it becomes a dead letter or fails the job, by policy of the node. */
  refuse(
    node: StatefulNode,
    error: unknown,
    evidence: { readonly position: string; readonly time: number; readonly value: unknown },
  ): void
}

/**
 * Gives a record to an operator. `mark` is the watermark of the record's own partition just before it, `partition` and
 * `sequence` its place among records of equal time. Returns a {@link verdict}. Throws for a record it cannot take,
 * having changed nothing.
 */
export type Add = (key: Key, value: unknown, time: number, mark: number, partition: string, sequence: number) => number

/** The running form of a stateful node: state in memory, told of records and of time, asked for changes. */
export interface StatefulOperator {
  readonly node: StatefulNode
  /** State name. */
  readonly name: string
  readonly out: Emitter
  /** Records that came too late, where the topology reads them. */
  readonly late: Emitter
  readonly add: Add
  /** Everything up to here has fired. */
  readonly watermark: number
  /** True when something is to be emitted although the watermark stands still. */
  readonly pending: boolean
  /** Fires what is due up to a watermark; yields when the host is full. Ends by setting `watermark`. */
  advance(to: number): Generator<undefined, void>
  /** Processing time at which {@link tick} has something to do; Infinity for never. */
  nextTick(): number
  tick(now: number): Generator<undefined, void>
  /** Writes what changed since the last call, or all of it. */
  snapshot(delta: DeltaWriter, full: boolean): void
  /** Takes back one entry of a snapshot. */
  restore(group: string, key: ByteReader, value: ByteReader): void
  /** Called once after all entries are back, with the watermark of then. */
  restored(watermark: number): void
  /** The watermark to store: a finite one that explains what has fired, when the end of the input fired everything. */
  storedWatermark(): number
  /**
   * Takes what an earlier stage has added up for one key: an entry as this operator would have stored it. Absent where
   * records are not added up.
   */
  merge?(group: string, key: Key, value: ByteReader): void
  /** Number of entries kept, for metrics. */
  readonly entries: number
}
