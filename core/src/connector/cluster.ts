import type { Backplane, Lease, StoredDeadLetter, WriteOutcome } from './backplane.ts'
import type { Partition, Position } from './source.ts'

/** What many workers share of a topology: the same for all of them. */
export interface JobShape {
  readonly sources: readonly { readonly name: string; readonly sends: readonly string[] }[]
  readonly exchanges: readonly ExchangeShape[]
}

/** One exchange, and those that the stage behind it sends to. */
export interface ExchangeShape {
  readonly name: string
  /** Asked for; a run that has begun keeps the number that it began with. */
  readonly partitions: number
  readonly sends: readonly string[]
}

/** What {@link ClusterBackplane.open} answers. */
export interface OpenedJob {
  /** Of this life of the job; part of every tenure. */
  readonly run: string
  /** Number of partitions of each exchange, fixed with the run. */
  readonly partitions: { readonly [exchange: string]: number }
  /** All sources that are registered, those that the topology no longer has included. */
  readonly sources: readonly string[]
}

/**
 * The name of a task: `<source or exchange>/<partition>`. That of the task that looks for partitions has a colon, which no
 * name of a node has.
 */
export const taskName = (stage: string, partition: string | number): string => `${stage}/${partition}`

/** The lease of whoever looks for the partitions of a source. */
export const discoveryName = (source: string): string => `discovery:${source}`

/** What {@link taskName} joined. */
export function splitTaskName(task: string): { readonly stage: string; readonly partition: string } {
  const slash = task.indexOf('/')
  return { stage: task.slice(0, slash), partition: task.slice(slash + 1) }
}

/** Work that a worker does, smoothed, as it tells the others. */
export interface WorkerLoad {
  readonly tasks: number
  /** Records taken a second. */
  readonly recordsPerSecond: number
  /** Records known to wait. */
  readonly backlog: number
}

/** A sign of life. */
export interface HeartbeatRequest {
  readonly worker: string
  readonly leases: readonly Lease[]
  readonly leaseMs: number
  readonly load: WorkerLoad
  /** Wants no tasks, and gives its own away. */
  readonly isDraining: boolean
}

/** A worker as the others see it. */
export interface WorkerInfo extends WorkerLoad {
  readonly worker: string
  readonly isDraining: boolean
}

/** What a worker learns with each heartbeat. */
export interface HeartbeatReply {
  /** One a lease: whether it is still held. */
  readonly held: readonly boolean[]
  /** Workers whose sign of life is not older than their lease time, this one included, by name. */
  readonly workers: readonly WorkerInfo[]
  /** Tasks that may run now: held, free and expired ones; discovery is none. */
  readonly tasks: number
  /** Those that nobody holds, expired and reserved ones included. */
  readonly free: number
  /** Workers that ask this one for tasks. */
  readonly asks: readonly string[]
  /** Somebody asked for this worker to be drained. */
  readonly drain: boolean
  /** All sources are final and every task is done. */
  readonly finished: boolean
  /** The run at present; begins with another word than {@link OpenedJob.run} once the job was begun anew. */
  readonly run: string
}

/** A task that a worker was given. */
export interface ClaimedTask {
  readonly lease: Lease
  /** Of a task of a source: its partition. */
  readonly partition?: Partition
  /** Where discovery has resolved it to begin; absent for a partition to be read from its start. */
  readonly start?: Position
  /** Watermark to begin at, in ms since 1970; −Infinity for none. */
  readonly watermark: number
}

/** A partition as discovery found it. */
export interface FoundPartition extends Partition {
  /** Where it begins, decided once; absent for a partition to be read from its start. */
  readonly start?: Position
}

/** One list of partitions. */
export interface FoundPartitions {
  readonly source: string
  /** All that the source lists, known ones included: a parent that is neither known nor listed counts as gone. */
  readonly partitions: readonly FoundPartition[]
  readonly final: boolean
}

/** A partition of an exchange. */
export interface ExchangePartition {
  readonly exchange: string
  readonly partition: number
}

/** Frames of one checkpoint for one partition of an exchange. */
export interface OutgoingFrame extends ExchangePartition {
  readonly bytes: Uint8Array
}

/** What goes to other stages with a checkpoint: part of `CheckpointWrite`. */
export interface ExchangeWrite {
  /** Those of {@link ClusterBackplane.stageFrames} come before. */
  readonly frames: readonly OutgoingFrame[]
  /** Number of pieces staged for this checkpoint. */
  readonly staged: number
  /** Exchanges that this task sends to. */
  readonly sends: readonly string[]
  /** Promise for what it sends later, in ms since 1970. */
  readonly watermark: number
  /** Need not be waited for: nothing new for as long as its source allows. */
  readonly idle: boolean
  /** Of a task behind an exchange: up to where it has read, inclusive. What lies before is trimmed. */
  readonly consumed?: ExchangePartition & { readonly position: Position }
}

/** The task is done with its partition: it is never leased again, and its watermark no longer waited for. */
export interface PartitionEnd {
  /** Those that go on where it ended; empty for tasks of exchanges. */
  readonly children: readonly FoundPartition[]
}

/** Where to go on in a partition of an exchange. */
export interface ExchangeCursor extends ExchangePartition {
  /** Position of the last entry that was read; '0' before the first. */
  readonly after: Position
}

/** What {@link ClusterBackplane.readExchanges} found in one partition. */
export interface ExchangeEntries {
  readonly entries: readonly { readonly position: Position; readonly bytes: Uint8Array }[]
  /**
   * True when the entries reach the present end of the partition: then `watermark` holds once they are processed. False
   * when there are more: read on.
   */
  readonly atEnd: boolean
  /**
   * Of all producers: the least that is not idle; undefined when all are idle, and then it stays as it was; Infinity when
   * all have ended.
   */
  readonly watermark: number | undefined
}

/** A task as `millrace status` shows it. */
export interface TaskInfo {
  readonly task: string
  readonly state: 'waiting' | 'ready' | 'done'
  readonly owner: string | undefined
  readonly epoch: number
  /** By the clock of the backplane. */
  readonly expiresInMs: number
  /** Number of its last checkpoint; 0 before the first. */
  readonly seq: number
  readonly takenAt: number | undefined
  /** Watermark of what it sends; undefined when it sends nothing or has ended. */
  readonly watermark: number | undefined
}

/** The whole job at one instant, or nearly so. */
export interface ClusterStatus {
  readonly run: string
  readonly now: number
  readonly workers: readonly WorkerInfo[]
  readonly tasks: readonly TaskInfo[]
  readonly exchanges: readonly {
    readonly exchange: string
    /** Bytes that wait in each partition. */
    readonly depths: readonly number[]
    readonly watermark: number | undefined
  }[]
  readonly finished: boolean
}

/**
 * What the workers of one job share when they are many: tasks, exchange, membership. As with {@link Backplane}, every
 * method may be called again with the same arguments after an error whose outcome is unknown; requests that arrive late
 * or twice change nothing that a later one has decided. The clock of the backplane is the only one for leases.
 */
export interface ClusterBackplane extends Backplane {
  /**
   * Registers the job, or what is new to it, and who sends where. Called by every worker at its start. A job that has
   * finished begins again: it has not finished until all sources have been looked at once more.
   */
  open(shape: JobShape): Promise<OpenedJob>
  /**
   * Takes sources and exchanges out that the topology no longer has, with all that is kept of them: their tasks are never
   * leased again, and nothing waits for them. When {@link ClusterBackplane.open} names one again, it is a new one.
   */
  retire(stages: readonly string[]): Promise<void>
  /** Renews all leases of a worker in one call, tells the others of it, and tells it of them. */
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply>
  /**
   * Takes up to `most` tasks: those reserved for this worker first, then free and expired ones, those of exchanges before
   * those of sources. `mostOfSources` are tasks of sources. The epoch of each grows by one.
   */
  claim(request: {
    readonly worker: string
    readonly most: number
    /** @default most */
    readonly mostOfSources?: number
    readonly leaseMs: number
  }): Promise<readonly ClaimedTask[]>
  /** Asks another worker for tasks; it learns so with its next heartbeat. Forgotten after the lease time. */
  ask(request: { readonly from: string; readonly worker: string; readonly leaseMs: number }): Promise<void>
  /** Gives a lease up; `reserveFor` keeps the task for that worker for the lease time. */
  release(lease: Lease, options?: { readonly reserveFor?: string }): Promise<void>
  /** The worker is gone for good: its name is taken off the list. Its leases must have been released. */
  leave(worker: string): Promise<void>
  /** Asks a worker to give all its tasks away and to take no others. @returns whether there is such a worker */
  drain(worker: string): Promise<boolean>
  /** Ids of the partitions of a source that are registered, ended ones included; undefined before the first list. */
  knownPartitions(source: string): Promise<readonly string[] | undefined>
  /** Registers what discovery found: a task for each new partition, leased once its parents have ended. */
  registerPartitions(lease: Lease, found: FoundPartitions): Promise<WriteOutcome>
  /** Stores frames that are too many for one checkpoint; published by the checkpoint `seq`. `piece` counts from 0. */
  stageFrames(
    lease: Lease,
    request: { readonly seq: number; readonly piece: number; readonly frames: readonly OutgoingFrame[] },
  ): Promise<WriteOutcome>
  /** Reads several partitions of exchanges, up to about `mostBytes` each, without waiting; one answer a cursor. */
  readExchanges(cursors: readonly ExchangeCursor[], mostBytes: number): Promise<readonly ExchangeEntries[]>
  /** Bytes that wait in each partition of these exchanges. */
  depths(exchanges: readonly string[]): Promise<{ readonly [exchange: string]: readonly number[] }>
  status(): Promise<ClusterStatus>
  /** Stored letters that were asked to be read again, of one source. */
  deadLetters(request: {
    readonly state?: StoredDeadLetter['state']
    readonly after?: number
    readonly limit: number
  }): Promise<readonly StoredDeadLetter[]>
}
