import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { badOption } from '@millrace/core'

/** Of this process. */
const held = new Set<string>()

/**
 * Keeps a folder from other processes; what a process that has died has locked is free. `what` names the option in the error.
 *
 * @returns what gives it back
 * @throws MillraceError BAD_OPTION where another one has it; what the disk throws
 */
export function lockFolder(folder: string, what: string): () => void {
  const path = join(resolve(folder), 'lock')
  if (held.has(path)) throw badOption(`${what}: ${folder} is used twice in this process; give each its own`)
  try {
    writeFileSync(path, `${process.pid}`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const owner = Number(readFileSync(path, 'utf8'))
    // one of this number was another process, of a container that is no more
    if (owner !== process.pid && isAlive(owner))
      throw badOption(
        `${what}: ${folder} is used by process ${owner}; give each process its own, or remove ${path} where that is another program`,
      )
    writeFileSync(path, `${process.pid}`)
  }
  held.add(path)
  return () => {
    held.delete(path)
    rmSync(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // it is there, and of somebody else
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
