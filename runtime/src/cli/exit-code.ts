import { type ErrorCode, isMillraceError } from '@millrace/core'

/** How the command ends; documented in `--help` and docs/cli.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  leaseHeld: 3,
  fenced: 4,
  changedTopology: 5,
  rolledBack: 6,
} as const

/** {@link exitCodes} for `--help`. */
export const exitCodesHelp = `
Exit codes:
  0  finished, or stopped when asked to; dead letters alone do not change that
  1  the job failed, or \`validate\` refused the topology
  2  the command line, an option or the topology is wrong
  3  another process runs the job (LEASE_HELD)
  4  another process took the job over (FENCED)
  5  stored state does not fit the topology (CHANGED_TOPOLOGY)
  6  what workers share was set back to an older copy (ROLLED_BACK)
  130, 143  ended at once by a second Ctrl-C or SIGTERM`

const ofCode: { readonly [C in ErrorCode]?: number } = {
  BAD_OPTION: exitCodes.usage,
  BAD_TOPOLOGY: exitCodes.usage,
  LEASE_HELD: exitCodes.leaseHeld,
  FENCED: exitCodes.fenced,
  CHANGED_TOPOLOGY: exitCodes.changedTopology,
  ROLLED_BACK: exitCodes.rolledBack,
}

/** The exit code that says what went wrong. */
export const exitCodeOf = (error: unknown): number =>
  isMillraceError(error) ? (ofCode[error.code] ?? exitCodes.failed) : exitCodes.failed
