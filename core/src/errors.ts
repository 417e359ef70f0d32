/** Every code a {@link MillraceError} can carry, with what it means. The code is stable; messages are not. */
export const errorCodes = {
  BAD_OPTION: 'An option is missing, of the wrong type or out of range; the message names the field and the cure.',
  BAD_TOPOLOGY: 'The topology cannot run as it is written; the message says where in the file of the user.',
  CHANGED_TOPOLOGY: 'The stored state belongs to another shape of this topology; name what moved or drop it.',
  BAD_RECORD: 'The bytes of a record do not decode to what the codec declares.',
  BAD_TIME: 'The event time of a record is not a number, is negative, or lies further than maxAhead past its arrival.',
  BAD_KEY: 'The key of a record is missing, NaN, or not a string, number, bigint or boolean.',
  BAD_VALUE: 'An aggregate was given a value it cannot take, such as NaN for a sum.',
  RECORD_TOO_LARGE: 'A record is larger than the limit of its source.',
  LATE: 'The record came after its window was closed and the topology does not read `late`.',
  USER_CODE: 'A function of the topology threw.',
  LEASE_HELD: 'Another live worker runs this task.',
  FENCED: 'This worker lost its lease: another one owns the task now, and nothing of this one was accepted.',
  LOST_HANDLE: 'Output that a checkpoint recorded as prepared is gone from its destination.',
  CORRUPT_STATE: 'Stored state is missing, torn or of another length or checksum than its checkpoint says.',
  ROLLED_BACK:
    'The backplane has forgotten what was built upon: it was restored from an older copy, or lost writes that it had confirmed.',
  SOURCE: 'A source failed to read.',
  SINK: 'A sink failed to write, prepare or commit.',
  BACKPLANE: 'The state file, or the store that the workers share, cannot be reached, read or written.',
  NO_SPACE: 'A disk is full or a quota is reached.',
} as const

/** One of the keys of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** Where an error happened and what lies below it. */
export interface ErrorContext {
  readonly cause?: unknown
  /** Whether the same call may succeed later; infrastructure errors are retried by the framework. @default false */
  readonly retryable?: boolean
  /** Name of the node of the topology. */
  readonly node?: string
  readonly partition?: string
  readonly position?: string
}

/** The one error class of Millrace: branch on `code`, never on the text of `message`. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly node: string | undefined
  readonly partition: string | undefined
  readonly position: string | undefined

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.code = code
    this.retryable = context.retryable ?? false
    this.node = context.node
    this.partition = context.partition
    this.position = context.position
  }
}

/** True for a {@link MillraceError} of any copy of this package, of the given code if one is given. */
export const isMillraceError = (error: unknown, code?: ErrorCode): error is MillraceError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code in errorCodes &&
  (code === undefined || error.code === code)

/** Shorthand for the error of a wrong option. */
export const badOption = (message: string): MillraceError => new MillraceError('BAD_OPTION', message)
