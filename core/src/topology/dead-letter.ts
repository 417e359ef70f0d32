import type { ErrorCode } from '../errors.ts'

/** A record that could not be processed, with all that is needed to understand it and to send it again. */
export interface DeadLetter {
  /** Name of the source it came from. */
  readonly source: string
  /** Name of the node that refused it. */
  readonly node: string
  readonly partition: string
  readonly position: string
  readonly code: ErrorCode
  readonly message: string
  /** Event time in ms since 1970, where it got that far. */
  readonly time: number | undefined
  /** The record as it was read; JSON of the value where the bytes are no longer at hand. */
  readonly bytes: Uint8Array
}
