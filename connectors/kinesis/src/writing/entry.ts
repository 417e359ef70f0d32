import type { Carrier } from './carrier.ts'
import type { RecordData } from './record-bytes.ts'

/** One try to put a record. */
export interface Attempt {
  /** In ms since 1970. */
  readonly at: number
  /** Error code of the service, or the name of what has failed before it. */
  readonly error: string
  readonly message: string
}

/** Where a record lies. */
export interface PutResult {
  readonly shardId: string
  readonly sequenceNumber: string
  /** Index within an aggregate. */
  readonly subSequenceNumber?: number
  /** Number of tries that it took. */
  readonly attempts: number
}

/** A record on its way. It is its own carrier, where it is put without others. */
export interface Entry extends Carrier, RecordData {
  readonly members: undefined
  /** In ms since the process began: a wall clock may step back, and a lane would wait for as long. */
  readonly addedAt: number
  readonly done: ((result: PutResult) => void) | undefined
  readonly failed: Failed | undefined
  /** What {@link Entry.failed} is told: one function for all records is cheaper than one for each. */
  readonly value: unknown
  readonly time: number
  /** What those who wait for a flush know it by. */
  readonly flush: number
  /** Those that have failed. */
  attempts: Attempt[] | undefined
  /** The service has refused an aggregate with it: it is put without others. */
  isAlone: boolean
}

/** Is told of a record that was given up, and what was given with it. */
export type Failed = (error: Error, value: unknown, time: number) => void

/** A record that was not put in time. */
export class ExpiredError extends Error {
  override readonly name = 'ExpiredError'
  readonly attempts: readonly Attempt[]

  constructor(stream: string, ttlMs: number, attempts: readonly Attempt[]) {
    const last = attempts.at(-1)
    const why =
      last === undefined
        ? 'it was never its turn'
        : `${attempts.length} tries, the last one: ${last.error}: ${last.message}`
    super(`stream ${stream}: a record could not be put within ${ttlMs} ms: ${why}`)
    this.attempts = attempts
  }
}
