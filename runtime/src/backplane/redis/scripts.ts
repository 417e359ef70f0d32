import type {
  Acquired,
  ExchangeCursor,
  ExchangePartition,
  Lease,
  OutgoingFrame,
  StoredDeadLetter,
} from '@millrace/core'

/**
 * All that is asked of the Redis of one job: each method is one atomic script, that may run twice, or late. Implemented over
 * a real one, and by a model of it for simulations. What is JSON for a script stays text here.
 */
export interface Scripts {
  open(request: OpenRequest): Promise<OpenReply>
  retire(request: { readonly stages: readonly string[] }): Promise<void>
  acquire(request: AcquireRequest): Promise<Acquired>
  claim(request: ClaimRequest): Promise<readonly ClaimReply[]>
  /** One answer a lease. */
  renew(request: { readonly leases: readonly Lease[]; readonly leaseMs: number }): Promise<readonly boolean[]>
  heartbeat(request: BeatRequest): Promise<BeatReply>
  release(request: { readonly lease: Lease; readonly reserveFor?: string | undefined }): Promise<void>
  holds(request: { readonly lease: Lease }): Promise<boolean>
  ask(request: { readonly from: string; readonly worker: string; readonly leaseMs: number }): Promise<void>
  leave(request: { readonly worker: string; readonly session: string | undefined }): Promise<void>
  drain(request: { readonly worker: string }): Promise<boolean>
  /** Ids in no order; undefined before the first list. */
  knownPartitions(request: { readonly source: string }): Promise<readonly string[] | undefined>
  register(request: RegisterRequest): Promise<'fenced' | readonly TaskState[]>
  stage(request: StageRequest): Promise<WriteReply>
  writeCheckpoint(request: WriteRequest): Promise<WriteReply>
  /** The last record and the one before it, as far as there are any. */
  records(request: { readonly task: string }): Promise<readonly string[]>
  readExchanges(request: ReadRequest): Promise<ReadReply>
  /** Bytes that wait, by exchange and partition. */
  depths(request: { readonly exchanges: readonly string[] }): Promise<readonly (readonly number[])[]>
  letters(request: LettersRequest): Promise<readonly LetterReply[]>
  redrive(request: { readonly ids: readonly number[] | undefined }): Promise<number>
  /** Whether these records are there, and can no longer be forgotten. */
  confirm(request: { readonly records: readonly RecordRef[] }): Promise<ConfirmReply>
  overview(): Promise<Overview>
  tasks(request: { readonly tasks: readonly string[] }): Promise<readonly TaskReply[]>
  /** Begins another run, unless another one than `from` is the present one. */
  newRun(request: { readonly nonce: string; readonly from: string }): Promise<'begun' | 'already' | 'changed'>
  restore(request: RestoreRequest): Promise<'restored' | 'changed'>
  close(): Promise<void>
}

/** Of a task: waits for its parents, may run, has ended. */
export type TaskState = 'waiting' | 'ready' | 'done'

/** One stage of a topology. */
export interface StageShape {
  readonly name: string
  readonly kind: 'source' | 'exchange'
  /** 0 for a source. */
  readonly partitions: number
  readonly sends: readonly string[]
}

export interface OpenRequest {
  readonly stages: readonly StageShape[]
  /** Becomes the run, if there is none. */
  readonly nonce: string
}

export interface OpenReply {
  readonly run: string
  readonly partitions: { readonly [exchange: string]: number }
  readonly sources: readonly string[]
}

export interface AcquireRequest {
  readonly task: string
  readonly owner: string
  readonly leaseMs: number
  readonly nonce: string
}

export interface ClaimRequest {
  readonly worker: string
  readonly most: number
  readonly mostOfSources: number
  readonly leaseMs: number
  readonly nonce: string
  /** Which life of the worker asks, and its how manieth claim this is: a repeat has the same number. */
  readonly session: string
  readonly number: number
}

export interface ClaimReply {
  readonly lease: Lease
  /** JSON of the partition of a source. */
  readonly partition: string | undefined
  readonly start: string | undefined
  readonly watermark: number
}

export interface BeatRequest {
  readonly worker: string
  readonly session: string
  readonly leases: readonly Lease[]
  readonly leaseMs: number
  /** JSON of what the others see of it. */
  readonly line: string
  /** Whether it wants to see the others. */
  readonly wantsLines: boolean
}

export interface BeatReply {
  readonly held: readonly boolean[]
  /** How many workers live. */
  readonly alive: number
  /** Their lines; none when they were not asked for. */
  readonly lines: readonly string[]
  readonly tasks: number
  readonly free: number
  readonly asks: readonly string[]
  readonly drain: boolean
  readonly finished: boolean
  readonly run: string
}

/** A partition as discovery, or the task before it, found it. */
export interface FoundRow {
  readonly id: string
  /** JSON of the partition. */
  readonly partition: string
  readonly start: string | undefined
  readonly parents: readonly string[]
  /** Those parents that are neither listed nor need be waited for, unless they are known. */
  readonly unlisted: readonly string[]
}

export interface RegisterRequest {
  readonly lease: Lease
  readonly source: string
  readonly found: readonly FoundRow[]
  /** The last piece of a list. */
  readonly isLast: boolean
  readonly final: boolean
}

/** What is staged or published: for a partition of an exchange, or a dead letter. */
export type Piece =
  | ({ readonly type: 'frame' } & OutgoingFrame)
  | { readonly type: 'letter'; readonly bytes: Uint8Array }

export interface StageRequest {
  readonly lease: Lease
  readonly seq: number
  readonly piece: number
  /** Number of contents of this piece that earlier calls have stored. */
  readonly offset: number
  readonly contents: readonly Piece[]
  readonly isLast: boolean
}

export interface WriteRequest {
  readonly lease: Lease
  readonly seq: number
  readonly takenAt: number
  /** JSON of the checkpoint. */
  readonly record: string
  /** Pieces that were staged before, all of them complete. */
  readonly staged: number
  readonly contents: readonly Piece[]
  readonly redriven: readonly number[]
  readonly sends: readonly string[]
  /** Undefined where nothing is known of event time. */
  readonly watermark: number | undefined
  readonly idle: boolean
  readonly consumed: (ExchangePartition & { readonly position: string }) | undefined
  readonly ended: readonly FoundRow[] | undefined
}

/** `misplaced`: the record does not follow the last one, whose number is given. */
export type WriteReply =
  | { readonly type: 'written' | 'already' | 'fenced' }
  | { readonly type: 'unstaged' }
  | { readonly type: 'misplaced'; readonly last: number }
  | { readonly type: 'rolledBack'; readonly end: string }

export interface ReadRequest {
  readonly cursors: readonly ExchangeCursor[]
  /** Of each partition; one entry may be more. */
  readonly mostBytes: number
  /** Of all of them together; those that come last then get nothing. */
  readonly mostTotalBytes: number
}

export type ReadReply =
  | { readonly type: 'read'; readonly found: readonly FoundEntries[] }
  /** A cursor lies past the end of its partition; whether this Redis is the one that the leases of `run` are from. */
  | {
      readonly type: 'beyond'
      readonly cursor: ExchangeCursor
      readonly end: string
      readonly run: string
      readonly isAdopted: boolean
    }

export interface FoundEntries {
  readonly entries: readonly { readonly position: string; readonly bytes: Uint8Array }[]
  readonly atEnd: boolean
  readonly watermark: number | undefined
}

export interface LettersRequest {
  readonly state: StoredDeadLetter['state'] | undefined
  readonly after: number
  readonly limit: number
  /** Ends the answer early; one letter may be more. */
  readonly mostBytes: number
}

export interface LetterReply {
  readonly id: number
  readonly state: StoredDeadLetter['state']
  readonly bytes: Uint8Array
}

export interface RecordRef {
  readonly lease: Lease
  readonly seq: number
}

/** `gone`: a record is not there, or its lease is lost; `short`: too few copies of it so far. */
export type ConfirmReply = 'durable' | 'short' | 'gone'

export interface Overview {
  readonly run: string
  readonly now: number
  readonly lines: readonly string[]
  readonly stages: readonly StageShape[]
  readonly partitions: { readonly [source: string]: readonly string[] }
  /** Undefined when all producers are idle. */
  readonly watermarks: { readonly [exchange: string]: number | undefined }
  /** Last position of each partition. */
  readonly ends: { readonly [exchange: string]: readonly string[] }
  readonly finished: boolean
}

/** A task, for people and for an export. */
export interface TaskReply {
  readonly task: string
  readonly state: TaskState
  readonly owner: string | undefined
  readonly epoch: number
  readonly expiresInMs: number
  readonly seq: number
  readonly takenAt: number | undefined
  readonly watermark: number | undefined
  readonly partition: string | undefined
  readonly start: string | undefined
  readonly parents: readonly string[]
  /** Where event time begins for it, and where it was at its end. */
  readonly from: number
  readonly end: number | undefined
  readonly record: string | undefined
}

/** Puts tasks of another run, or of a file, into one that has begun and has none of them. */
export interface RestoreRequest {
  readonly run: string
  readonly stages: readonly StageShape[]
  readonly ends: { readonly [exchange: string]: readonly string[] }
  readonly tasks: readonly RestoredTask[]
}

/** A task as it is put back: {@link TaskReply} without its owner. */
export type RestoredTask = Omit<TaskReply, 'owner' | 'epoch' | 'expiresInMs'>
