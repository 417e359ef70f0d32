import { lstat, mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CommitOutcome, Handle } from '@millrace/core'
import { errnoOf, writeError } from '../disk/errno.ts'
import { syncFolder } from '../disk/sync.ts'

/** What a handle of this sink holds: two absolute paths. */
interface Move {
  readonly from: string
  readonly to: string
}

/** The move that a handle stands for. */
export function moveOf({ id, data }: Handle): Move {
  const { from, to } = (data ?? {}) as Partial<Move>
  if (typeof from === 'string' && typeof to === 'string') return { from, to }
  throw new TypeError(`${id} is not a handle of a folder sink`)
}

/**
 * Makes prepared files visible. A final name is never used twice, so a file of that name says that the move was done; the
 * folders are made durable for those too, as whoever did it may have died before.
 */
export async function commitAll(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
  const outcomes: CommitOutcome[] = []
  for (const handle of handles) outcomes.push(await tried(moveOf(handle)))
  const folders = new Set<string>()
  handles.forEach((handle, i) => isDone(outcomes[i]) && foldersOf(moveOf(handle)).forEach((path) => folders.add(path)))
  const failed = new Set<string>()
  for (const folder of folders) await syncFolder(folder).catch(() => failed.add(folder))
  const isFailed = (handle: Handle): boolean => foldersOf(moveOf(handle)).some((folder) => failed.has(folder))
  return outcomes.map((outcome, i) => (isDone(outcome) && isFailed(handles[i]!) ? 'retry' : outcome))
}

const isDone = (outcome: CommitOutcome | undefined): boolean => outcome === 'committed' || outcome === 'already'

const foldersOf = ({ from, to }: Move): readonly string[] => [dirname(to), dirname(from)]

async function tried(move: Move): Promise<CommitOutcome> {
  try {
    return await moved(move)
  } catch (error) {
    // Nothing is known to be gone; what was moved is `already` there next time.
    throw writeError(error, dirname(move.to), 'making output visible')
  }
}

async function moved({ from, to }: Move): Promise<CommitOutcome> {
  if (await isThere(to)) return 'already'
  if (await isThere(from)) {
    await makeFolder(dirname(to))
    const isMoved = await rename(from, to).then(() => true, unlessGone)
    if (isMoved) return 'committed'
  }
  // Somebody else may have moved it meanwhile.
  if (await isThere(to)) return 'already'
  return (await isThere(dirname(from))) ? 'lost' : 'retry'
}

/** Makes a folder and makes durable that it is there. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder))
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(unlessGone)) !== undefined
}

function unlessGone(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error
}
