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

/** A record on its way. */
export interface Entry {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  data: Uint8Array
  /** Data and key, as the limits count them. */
  readonly bytes: number
  /** In ms since the process began: a wall clock may step back, and a lane would wait for as long. */
  readonly addedAt: number
  /** Where it lands among the hash keys: 32 hex digits. */
  readonly hash: string
  readonly done: ((result: PutResult) => void) | undefined
  readonly failed: ((error: Error) => void) | undefined
  /** What those who wait for a flush know it by. */
  readonly flush: number
  /** Those that have failed. */
  attempts: Attempt[] | undefined
  /** The service has refused an aggregate with it: it is put without others. */
  isAlone: boolean
}

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
