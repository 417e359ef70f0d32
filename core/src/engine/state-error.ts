import { isMillraceError, MillraceError } from '../errors.ts'
import { messageOf } from './letters.ts'

/** The error of what cannot be kept in state, with the name of the state: there is no record left to blame. */
export function stateError(name: string, cause: unknown): MillraceError {
  const code = isMillraceError(cause) ? cause.code : 'USER_CODE'
  return new MillraceError(code, `${name}: ${messageOf(cause)}`, { cause, node: name })
}
