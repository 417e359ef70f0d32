import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { badOption, MillraceError, type StateBlob, type StateStore } from '@millrace/core'
import { contentHash } from '../worker/content-hash.ts'
import { systemWorld, type World } from '../world.ts'
import { damagedState } from './damaged-state.ts'

/** Options of {@link fileStateStore}. */
export interface FileStateStoreOptions {
  /** A folder that all workers of the job can reach: of one machine, or a shared volume. */
  readonly dir: string
  /** Name of the job: a folder of its own. */
  readonly job: string
  /** Clock and randomness. @default systemWorld */
  readonly world?: World
}

/** So much is written before others have a turn. */
const sliceBytes = 4 * 1024 * 1024

/**
 * Keeps state in files, one a blob, in a folder a task. A file is there whole or not at all, and on the disk when it is there:
 * it is written under another name, flushed, and renamed. Nothing is opened before the first call.
 */
export const fileStateStore = (options: FileStateStoreOptions): StateStore => new FileStateStore(options)

class FileStateStore implements StateStore {
  readonly kind = 'file'
  readonly #dir: string
  readonly #world: World

  constructor({ dir, job, world = systemWorld }: FileStateStoreOptions) {
    if (typeof dir !== 'string' || dir === '') throw badOption('dir: name the folder of the state')
    if (typeof job !== 'string' || job === '') throw badOption('job: name the job')
    this.#dir = resolve(dir, nameOf(job))
    this.#world = world
  }

  async write(task: string, { id }: StateBlob, bytes: Uint8Array): Promise<void> {
    const folder = this.#folderOf(task)
    await this.#guard(async () => {
      await makeFolder(folder)
      const path = join(folder, nameOf(id))
      if (!(await exists(path))) await this.#writeFile(path, bytes)
      await flushFolder(folder)
    })
  }

  async read(task: string, blob: StateBlob): Promise<Uint8Array> {
    const bytes = await this.#guard(() => readIfThere(join(this.#folderOf(task), nameOf(blob.id))))
    if (bytes === undefined) throw damagedState(this.#dir, task, blob, 'it is missing')
    if (bytes.length !== blob.bytes)
      throw damagedState(this.#dir, task, blob, `it has ${bytes.length} bytes instead of ${blob.bytes}`)
    if ((await contentHash(bytes, this.#world)) !== blob.hash)
      throw damagedState(this.#dir, task, blob, 'its SHA-256 differs')
    return bytes
  }

  /** Files that were never finished are among them: nothing names them, so they are removed in time. */
  async list(task: string): Promise<{ readonly id: string; readonly ageMs: number }[]> {
    const folder = this.#folderOf(task)
    return this.#guard(async () => {
      const names = (await ifThere(readdir(folder))) ?? []
      const blobs: { id: string; ageMs: number }[] = []
      for (const name of names) {
        const found = await ifThere(stat(join(folder, name)))
        if (found)
          blobs.push({ id: decodeURIComponent(name), ageMs: Math.max(0, this.#world.clock.now() - found.mtimeMs) })
      }
      return blobs
    })
  }

  async remove(task: string, ids: readonly string[]): Promise<void> {
    const folder = this.#folderOf(task)
    await this.#guard(async () => {
      for (const id of ids) await rm(join(folder, nameOf(id)), { force: true })
    })
  }

  async close(): Promise<void> {}

  /** Names of tasks may hold whatever partitions are named, and be longer than a file may be named. */
  #folderOf(task: string): string {
    return join(this.#dir, createHash('sha256').update(task).digest('hex').slice(0, 32))
  }

  async #writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const unfinished = `${path}.${this.#world.nonce()}.tmp`
    await using file = await open(unfinished, 'wx')
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      if (at > 0) await this.#world.giveWay()
      await file.writeFile(bytes.subarray(at, at + sliceBytes))
    }
    await file.sync()
    await rename(unfinished, path)
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw fileError(error, this.#dir)
    }
  }
}

const nameOf = (id: string): string => encodeURIComponent(id)

/** Makes a folder that is still there after a power loss. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let parent = dirname(folder); parent.length >= dirname(first).length; parent = dirname(parent))
    await flushFolder(parent)
}

async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

const exists = async (path: string): Promise<boolean> => (await ifThere(stat(path))) !== undefined

const readIfThere = async (path: string): Promise<Uint8Array | undefined> => {
  const bytes = await ifThere(readFile(path))
  return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

async function ifThere<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Disks that are full or away may be well again later. */
function fileError(error: unknown, dir: string): unknown {
  const code = codeOf(error)
  if (!(error instanceof Error) || code === undefined || error instanceof MillraceError) return error
  const text = `state folder ${dir}: ${error.message}`
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new MillraceError('NO_SPACE', `${text}; free space: nothing is lost`, { cause: error, retryable: true })
  const isForbidden = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  const cure = isForbidden ? 'make it writable for this user' : 'see whether its disk is there'
  return new MillraceError('BACKPLANE', `${text}; ${cure}`, { cause: error, retryable: !isForbidden })
}
