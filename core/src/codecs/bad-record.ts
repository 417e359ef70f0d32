import { MillraceError } from '../errors.ts'

/** Shorthand for the error of a record that a codec refuses. */
export const badRecord = (message: string, cause?: unknown): MillraceError =>
  new MillraceError('BAD_RECORD', message, { cause })
