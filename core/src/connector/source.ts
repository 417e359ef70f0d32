import type { Clock } from '../clock.ts'
import type { Codec } from './codec.ts'
import type { ReceivedFrames } from './exchange-rows.ts'
import type { Slab } from './slab.ts'

/** Where a reader stands in a partition: opaque to everybody but its connector, which makes and compares it. */
export type Position = string

/** One ordered unit of a source: a Kinesis shard, a Kafka partition, a file. */
export interface Partition {
  /** Unique within the source for all time: holds the incarnation of the stream, so that a re-created one differs. */
  readonly id: string
  /** Partitions that must be read to their end before this one is started. @default [] */
  readonly parents?: readonly string[]
  /** The keys that land here, where the source knows: both ends included. */
  readonly keyRange?: { readonly from: string; readonly to: string }
}

/** What discovery has found. */
export interface PartitionList {
  /**
   * All partitions now known that may still have something to read; known ones may be repeated. A parent that is not named by
   * any list, nor as a child by the end of another one, is taken to be gone: its children wait for it no longer.
   */
  readonly partitions: readonly Partition[]
  /** True when no other partition will ever come: once all have ended, every window fires. */
  readonly final: boolean
}

/** What a source is given of the world. */
export interface SourceContext {
  readonly clock: Clock
  /** Fires when the job stops; everything pending should end soon after. */
  readonly signal: AbortSignal
  /**
   * Whether the job has read this source before, or listed it without the partition at hand. A partition that {@link Source.resolve} is
   * asked for then is a new one, to be read from its start whatever the source's options say of where to begin. @default false
   */
  readonly isResumed?: boolean
  /**
   * When the job began with this source, in ms since 1970, also where it was stopped since: what begins at the latest record begins
   * there. Absent where no partition can begin there any more.
   */
  readonly beganAt?: number
}

/** What every source knows of a record. Connectors add their own fields. */
export interface Meta {
  readonly partition: string
  /** When the record reached its stream, in ms since 1970; when it was read, where the source does not know. */
  readonly arrival: number
}

/**
 * Reads one kind of stream. The object is inert: nothing connects before {@link Source.partitions},
 * {@link Source.resolve} or {@link Source.open} is called. All three may be called again after an error; the framework
 * retries with back-off and decides when to read, so a source stays naïve and throws.
 */
export interface Source<out T, out M extends Meta = Meta> {
  /** Kind of connector: `file`, `kinesis`. */
  readonly kind: string
  /** For `explain` and the topology print: options that matter, no secrets. */
  readonly description: string
  /** Decodes slabs; absent when the reader hands over values. */
  readonly codec?: Pick<Codec<unknown>, 'decoder'>
  /** Lists partitions as they come; ends after a list that is final, else goes on until the signal fires. */
  partitions(context: SourceContext): AsyncIterable<PartitionList>
  /** The concrete position where a partition never read before begins. Called once a partition; its answer is stored. */
  resolve(partition: Partition, context: SourceContext): Promise<Position>
  /**
   * The position of the first record that reached the partition at or after `at`, in ms since 1970; of its end, where there is none. Absent
   * where the source cannot tell: then a job cannot be rewound to a moment.
   */
  resolveAt?(partition: Partition, at: number, context: SourceContext): Promise<Position>
  /**
   * Gives back what the source holds outside of the job for as long as there is one, such as a registration. After the job was stopped for
   * good; `millrace release` calls it. Absent where there is never anything.
   *
   * @returns what was given back, a line each
   */
  release?(): Promise<readonly string[]>
  /** Starts reading at a position. */
  open(partition: Partition, position: Position, context: SourceContext): Promise<Reader<T, M>>
  /** Negative when `a` lies before `b`; both of one partition. */
  compare(a: Position, b: Position): number
  readonly _type?: { readonly value: T; readonly meta: M }
}

/** Reads one partition in order. Calls never overlap. */
export interface Reader<out T, out M extends Meta = Meta> {
  /**
   * The next records, waiting for some if there are none yet: at most about a second, then `idle`, so that
   * the framework learns that the reader stands at the tip. Rejects when reading failed: it is closed then and opened again.
   */
  read(signal: AbortSignal): Promise<Read<T, M>>
  /** Frees what is held. Called once, also after a failed read. */
  close(): Promise<void>
}

/** What one read gave. */
export type Read<T, M extends Meta = Meta> = Records<T, M> | AtTip | EndOfPartition

/** Some records, as a slab for the codec of the source or as values. At most a few thousand. */
export interface Records<out T, out M extends Meta = Meta> {
  readonly type: 'records'
  readonly slab?: Slab
  readonly values?: readonly T[]
  /** What other stages have sent, instead of the two above; given by exchanges only. */
  readonly exchange?: ReceivedFrames
  /** Earliest arrival of these records, in ms since 1970: the time of the read where the source knows nothing better. */
  readonly arrival: number
  /** Position after the last of these records: a reader opened there goes on with the next one. */
  readonly position: Position
  /** Position of a row (of a slab) or value. */
  positionOf(row: number): Position
  /** Metadata of a row, for event-time functions that ask for it. */
  metaOf(row: number): M
  /** Rows that cannot even be cut out of the stream (too large, corrupt): dead letters, in no order with the rest. */
  readonly refused?: readonly RefusedRow[]
  /** How much is known to wait behind these, in records; undefined when unknown. */
  readonly backlog?: number
}

/** Part of a stream that is no record; it becomes a dead letter. */
export interface RefusedRow {
  readonly position: Position
  readonly error: unknown
  /** As much of it as may be kept. */
  readonly bytes: Uint8Array
}

/** A successful read that found nothing new. */
export interface AtTip {
  readonly type: 'idle'
  /** Position to go on from; may have moved past something that is no record. */
  readonly position: Position
}

/** The partition will never have another record. */
export interface EndOfPartition {
  readonly type: 'end'
  /** Partitions that go on where this one ended (after a split or merge). @default [] */
  readonly children?: readonly Partition[]
}
