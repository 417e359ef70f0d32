import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { badOption } from '@millrace/core'

const busy = 5

/**
 * Keeps a folder from other processes, and from other threads of this one, until it is given back or the process ends, however it does. The
 * lock is that of a database, which stays empty: Node has no other one that the system takes back. Who copies the file within this process gives
 * it away, as POSIX has it. `what` names the option in the error.
 *
 * @returns what gives it back
 * @throws MillraceError BAD_OPTION where another one has it, or where nothing can be locked
 */
export function lockFolder(folder: string, what: string): () => void {
  // not before it is needed: some versions of Node warn of it
  const sqlite = process.getBuiltinModule('node:sqlite')
  let database: DatabaseSync | undefined
  try {
    database = new sqlite.DatabaseSync(join(folder, '.lock.db'))
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    const { errcode, message } = error as Error & { readonly errcode?: number }
    if (errcode === busy) throw badOption(`${what}: ${folder} is used by another process or thread; give each its own`)
    throw badOption(`${what}: ${folder} cannot be locked: ${message}`)
  }
  return () => database.close()
}
