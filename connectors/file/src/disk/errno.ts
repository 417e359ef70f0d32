import { MillraceError } from '@millrace/core'

/** Code of an error of the operating system, such as `ENOENT`; undefined for other errors. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
/** What does not go away by itself, and who can change it. */
const cures: Readonly<Record<string, string>> = {
  EACCES: 'let the user of this process write to it',
  EPERM: 'let the user of this process write to it',
  EROFS: 'mount it for writing',
  ENOTDIR: 'a part of the path is a file; move that away or choose another path',
  EEXIST: 'a part of the path is a file; move that away or choose another path',
  ELOOP: 'its symbolic links lead in a circle; choose another path',
  EFBIG: 'raise the limit that this process has for the size of a file (ulimit -f)',
  ENAMETOOLONG: 'choose a shorter path or shorter names of subfolders',
}

/** Turns an error of the operating system on writing to `path` into one that says where and what to do. */
export function writeError(error: unknown, path: string, doing: string): MillraceError {
  if (error instanceof MillraceError) return error
  const code = errnoOf(error) ?? ''
  const what = `${path}: ${doing} failed: ${error instanceof Error ? error.message : String(error)}`
  const cure = cures[code]
  if (cure !== undefined) return new MillraceError('BAD_OPTION', `${what}; ${cure}`, { cause: error })
  if (full.has(code))
    return new MillraceError('NO_SPACE', `${what}; make room there`, { cause: error, retryable: true })
  return new MillraceError('SINK', what, { cause: error, retryable: true })
}
