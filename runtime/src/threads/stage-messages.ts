import type { DeadLetter, Partition, Position } from '@millrace/core'
import type { PlainError } from './plain-error.ts'
import type { ThreadLog } from './thread-logger.ts'

/** What a thread is started with. */
export interface StageThreadData {
  /** Tells a thread of ours from others, where a module is loaded that starts a job by itself. */
  readonly millrace: 'stage thread'
  /** URL of the module whose default export is the topology. */
  readonly module: string
  /** Values of its parameters, as text or of their own type; secrets are resolved by each thread for itself. */
  readonly set: { readonly [name: string]: unknown }
  /** Absent for the environment of the process. */
  readonly env?: { readonly [name: string]: string | undefined }
  /** How long what is made may wait, as it holds the watermark back. */
  readonly sendEveryMs: number
}

/** What a thread is told. */
export type ToStageThread =
  | ({ readonly type: 'read' } & ReadRequest)
  /** All that it has sent is absorbed: it may send again. */
  | { readonly type: 'absorbed' }
  /** Closes all readers; what it has made and not sent is dropped. */
  | { readonly type: 'stop' }

/** A partition to be read, and where it stands. */
export interface ReadRequest {
  /** Names it between the threads. */
  readonly number: number
  readonly source: string
  readonly partition: Partition
  readonly position: Position
  readonly watermark: number
  /** Rows that were taken of it before. */
  readonly count: number
}

/** What a thread answers. */
export type FromStageThread =
  /** It can be told to read; of which topology, tells what it is compared by. */
  | { readonly type: 'ready'; readonly topology: string }
  | ({ readonly type: 'made' } & Made)
  /** A read of a partition has failed and is tried again. */
  | { readonly type: 'failing'; readonly number: number }
  /** A partition cannot be read any more. */
  | { readonly type: 'unreadable'; readonly error: PlainError }
  /** It does nothing any more. */
  | { readonly type: 'failed'; readonly error: PlainError }
  | ThreadLog
  | { readonly type: 'stopped' }

/** All that a thread has made of its reads since it last sent: belongs together, is absorbed as one. */
export interface Made {
  /** What was added up, by the state that it is for. */
  readonly partials: readonly (readonly [state: string, blob: Uint8Array])[]
  /** Records that may be late, in frames, by the state that they are for. */
  readonly frames: readonly (readonly [state: string, frame: Uint8Array])[]
  readonly letters: readonly DeadLetter[]
  readonly moves: readonly Move[]
  /** Of what was read. */
  readonly bytes: number
  /** When the newest record had arrived at its source, in ms since 1970; undefined for no record. */
  readonly arrival: number | undefined
  readonly backlog: number
  /** Records that each node has passed on since the thread began, by name. */
  readonly nodes: Readonly<Record<string, number>>
}

/** How far a partition came. */
export interface Move {
  readonly number: number
  readonly position: Position
  readonly watermark: number
  readonly count: number
  /** The last read found nothing. */
  readonly isIdle: boolean
  /** It has ended; those that go on where it did. */
  readonly end: readonly Partition[] | undefined
}
