import { isMillraceError } from '@millrace/core'
import { errorText } from './error-text.ts'
import { exitCodeOf } from './exit-code.ts'
import type { Io } from './io.ts'

/** Says what went wrong. What is no error of Millrace is one of its own mistakes, and comes with its stack. @returns the exit code */
export function reportFailure(error: unknown, args: readonly string[], io: Io): number {
  io.err(errorText(error, { debug: isDebug(args) || !isMillraceError(error) }))
  return exitCodeOf(error)
}

/** The level is wanted even where the command line was not understood. */
const isDebug = (args: readonly string[]): boolean =>
  args.includes('--log-level=debug') || args[args.indexOf('--log-level') + 1] === 'debug'
