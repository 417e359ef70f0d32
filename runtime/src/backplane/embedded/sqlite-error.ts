import { MillraceError } from '@millrace/core'

// Primary result codes of SQLite, https://www.sqlite.org/rescode.html
const busy = 5
const locked = 6
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

/** Says what an error of SQLite means for the state file at `path` and what to do; other errors stay as they are. */
export function sqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const text = `state file ${path}: ${error.message}`
  const context = { cause: error }
  switch (error.errcode & 0xff) {
    case busy:
    case locked:
      return new MillraceError('BACKPLANE', `${text}; another process is writing to it`, {
        ...context,
        retryable: true,
      })
    case readOnly:
      return new MillraceError('BACKPLANE', `${text}; make the file and its folder writable`, context)
    case cannotOpen:
      return new MillraceError('BACKPLANE', `${text}; it must be a file in a folder that this user may write`, context)
    case corrupt:
      return new MillraceError(
        'CORRUPT_STATE',
        `${text}; restore it from a backup, or start anew with another file`,
        context,
      )
    case notADatabase:
      return new MillraceError('CORRUPT_STATE', `${text}; name a file of its own for the state of this job`, context)
    case full:
      return new MillraceError('NO_SPACE', `${text}; free space and start again, nothing is lost`, context)
    case ioError:
      return new MillraceError('BACKPLANE', `${text}; see whether the disk is full or failing`, context)
    default:
      return new MillraceError('BACKPLANE', text, context)
  }
}
