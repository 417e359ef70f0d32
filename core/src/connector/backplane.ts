import type { DeadLetter } from '../topology/dead-letter.ts'
import type { ExchangeWrite, FoundPartition, PartitionEnd } from './cluster.ts'
import type { Handle, Json, Tenure } from './sink.ts'

/** The right to run a task until `expiresAt`, as the backplane granted it. */
export interface Lease extends Tenure {
  readonly task: string
  readonly owner: string
  /** By the clock of the backplane, in ms since 1970; for people only, never compared with a clock of the worker. */
  readonly expiresAt: number
}

/** Answer to a request for a lease. */
export type Acquired =
  | { readonly type: 'acquired'; readonly lease: Lease }
  | { readonly type: 'held'; readonly owner: string; readonly expiresInMs: number }

/** Where a blob of state lies and how to know it is whole. */
export interface StateBlob {
  /** Holds the tenure and the seq; never used twice. */
  readonly id: string
  readonly kind: 'base' | 'delta'
  readonly bytes: number
  /** SHA-256, hex. */
  readonly hash: string
}

/** Positions, watermarks, state and what the sinks have prepared, at one instant: the one truth about a task. */
export interface Checkpoint {
  readonly task: string
  /** Grows by one; never restarts inside a run. */
  readonly seq: number
  readonly tenure: Tenure
  /** When it was taken, in ms since 1970. */
  readonly takenAt: number
  /** Shapes of the states that the topology had, to tell what changed. */
  readonly topology: Json
  /** Position of each partition by source and partition id; `null` once it has ended. */
  readonly positions: { readonly [source: string]: { readonly [partition: string]: string | null } }
  /**
   * Of sources whose first partitions do not all have a position yet: when the job began with them, in ms since 1970, and which those partitions
   * are; without them, none were listed.
   */
  readonly beginnings?: { readonly [source: string]: { readonly at: number; readonly partitions?: readonly string[] } }
  /** What the engine remembers beside keyed state: watermarks and counters. */
  readonly engine: Json
  /** A base and the deltas after it, in order. */
  readonly state: readonly StateBlob[]
  /** Prepared output, committed after this record is durable. */
  readonly handles: readonly Handle[]
  /** What each sink's writer wants back after a restart. */
  readonly sinks: { readonly [sink: string]: Json }
  /** True when the input was final and everything was processed. */
  readonly finished: boolean
  /** Of a task whose partition has ended: those that go on there, registered once all its output is committed. */
  readonly children?: readonly FoundPartition[]
}

/** What goes into the backplane with a checkpoint, all or nothing. */
export interface CheckpointWrite {
  readonly checkpoint: Checkpoint
  /** The newest blob of {@link Checkpoint.state}; absent when nothing changed. */
  readonly delta?: { readonly blob: StateBlob; readonly bytes: Uint8Array }
  /** Dead letters that no stream of the topology reads. */
  readonly deadLetters: readonly DeadLetter[]
  /** Ids of stored dead letters that were read again and are thereby done. */
  readonly redriven: readonly number[]
  /** What goes to other stages; only where there are many tasks. */
  readonly exchange?: ExchangeWrite
  /** The partition of the task has ended; only where there are many tasks. */
  readonly ended?: PartitionEnd
}

/** `written`; `already` for a repeat of the last write; `fenced` when the lease belongs to another tenure. */
export type WriteOutcome = 'written' | 'already' | 'fenced'

/** A dead letter as the backplane keeps it. */
export interface StoredDeadLetter extends DeadLetter {
  readonly id: number
  readonly seq: number
  readonly at: number
  readonly state: 'stored' | 'redrive'
}

/**
 * What the workers of one job share. Every method may be called again with the same arguments after an error whose
 * outcome is unknown, and then says what became of the first call. No method trusts a clock of the caller for leases.
 */
export interface Backplane {
  /** Asks for a task. Takes it over when free, expired, or held by a process known to be dead; the epoch grows by one. */
  acquire(request: { readonly task: string; readonly owner: string; readonly leaseMs: number }): Promise<Acquired>
  /** Extends leases; answers, one a lease, whether it is still held. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]>
  /** Gives a lease up; nothing happens when it is no longer held. */
  release(lease: Lease): Promise<void>
  /** The last record of a task; of a partition of a source that has ended there may be none. */
  readCheckpoint(task: string): Promise<Checkpoint | undefined>
  /** Writes record n when n − 1 is the last one and the lease's tenure still holds. */
  writeCheckpoint(lease: Lease, write: CheckpointWrite): Promise<WriteOutcome>
  /** Resolves when the last written checkpoint can no longer be forgotten. */
  durable(lease: Lease): Promise<void>
  /** The bytes of a blob; rejects with CORRUPT_STATE when missing or not what its pointer says. */
  readState(blob: StateBlob, task: string): Promise<Uint8Array>
  /** Stores a base made by compaction, outside of any checkpoint; invisible until a checkpoint names it. */
  writeBase(lease: Lease, blob: StateBlob, bytes: Uint8Array): Promise<WriteOutcome>
  /** Drops blobs that no checkpoint names. */
  collectGarbage(lease: Lease): Promise<void>
  /** Stored dead letters, oldest first. */
  deadLetters(request: {
    readonly state?: StoredDeadLetter['state']
    readonly after?: number
    readonly limit: number
  }): Promise<readonly StoredDeadLetter[]>
  /** Marks dead letters to be read again by the next (or the running) worker; all stored ones when no ids are given. @returns how many */
  redrive(ids?: readonly number[]): Promise<number>
  close(): Promise<void>
}
