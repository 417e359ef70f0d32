import type { Sink, Source, StateStore } from '@millrace/core'
import type { StartOptions } from '@millrace/runtime'
import type { Member } from './crew.ts'
import type { Life } from './life.ts'
import type { Output } from './oracle.ts'
import type { Profile } from './profiles.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimRecord, SimStream, SimStreamOptions } from './sim-stream.ts'

/** Faults of one kind that lives have beside the usual ones, and what must hold then. Played apart from plain lives. */
export interface Scenario {
  readonly name: string
  /** Of which a life has one. @default those of plain lives */
  readonly profiles?: readonly Profile[]
  /** What its streams have of their own. */
  readonly stream?: Partial<SimStreamOptions>
  /** Its part in a life that is about to begin. */
  readonly begin: (life: Life) => Part
}

/** What a {@link Scenario} does in one life. */
export interface Part {
  /** An event of its own, in place of about every other one of a plain life. */
  readonly event?: () => void | Promise<void>
  /** Events of plain lives happen too. @default true */
  readonly hasPlainEvents?: boolean
  /** From now on nothing fails. */
  readonly heal?: () => void | Promise<void>
  /** What workers are started with. */
  readonly options?: () => Partial<StartOptions>
  readonly gcGraceMs?: number
  readonly source?: (source: Source<SimRecord>, stream: SimStream) => Source<SimRecord>
  /** Another destination than the usual one. */
  readonly sink?: (name: string, process: SimProcess) => Sink<unknown> | undefined
  /** What a process reaches, in place of the store. */
  readonly store?: (store: StateStore) => StateStore
  /** A worker said so, as an error. */
  readonly saidError?: (fields: object) => void
  /** A worker has failed. @returns whether that is as it should be: another one joins then */
  readonly failed?: (error: unknown, member: Member) => boolean
  /** What is wrong in the end. @default compares the output with that of one process */
  readonly judge?: (output: Output) => Promise<string[]>
}
