import { constants } from 'node:fs'
import { copyFile, open, stat, truncate } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip, zstdCompress } from 'node:zlib'
import { ByteWriter, MillraceError } from '@millrace/core'
import { errnoOf } from '../disk/errno.ts'
import { sync, writeAt } from '../disk/sync.ts'
import type { PartNames } from './part-names.ts'

/** What a checkpoint remembers of a file that is still written to. */
export interface PartState {
  readonly subfolder: string
  /** Name in the staging folder. */
  readonly name: string
  /** How much of it is valid. */
  readonly length: number
  readonly records: number
  /** When its first record came, in ms since 1970. */
  readonly since: number
}

/** Where the files of a writer are made. */
export interface Staging {
  readonly folder: string
  readonly names: PartNames
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** Number of the next file. */
  next: number
}

const compress = { gzip: promisify(gzip), zstd: promisify(zstdCompress), none: undefined }

/**
 * A file in progress. Records gather in memory; {@link flush} writes them, compressed as a whole of their own, so that the
 * file is valid up to each flush.
 *
 * After a write that failed, what is valid still ends where it did, and the next flush writes there again.
 */
export class PartFile {
  readonly subfolder: string
  since: number
  /** Lines that are not in the file yet. */
  readonly pending: ByteWriter = new ByteWriter(4096)
  records = 0
  /** When it was last written to: number of the batch. */
  usedAt = 0
  readonly #staging: Staging
  #handle: FileHandle | undefined
  #name: string | undefined
  #count = 0
  /** How much of the file is valid. */
  #length = 0
  #isSynced = false
  /** Whether a write failed half way. */
  #isTorn = false

  constructor(staging: Staging, subfolder: string, since: number) {
    this.#staging = staging
    this.subfolder = subfolder
    this.since = since
  }

  /**
   * Goes on with a file of an earlier tenure, in a copy: its owner may be alive and write on. What was valid at the
   * checkpoint stays so whatever it does.
   */
  static async continue(staging: Staging, state: PartState): Promise<PartFile> {
    const file = new PartFile(staging, state.subfolder, state.since)
    await file.#copy(state)
    return file
  }

  /** Bytes in the file, without those pending. */
  get length(): number {
    return this.#length
  }

  /** Number in its final name. */
  get count(): number {
    return this.#count
  }

  get path(): string {
    return join(this.#staging.folder, this.#name ?? '')
  }

  /** Empty until the file is there. */
  get state(): PartState {
    const { subfolder, records, since } = this
    return { subfolder, name: this.#name ?? '', length: this.#length, records, since }
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    if (this.pending.length === 0) return
    const handle = (this.#handle ??= await this.#create())
    const bytes = (await compress[this.#staging.compression]?.(this.pending.view())) ?? this.pending.view()
    if (this.#isTorn) await handle.truncate(this.#length)
    this.#isTorn = true
    await writeAt(handle, bytes, this.#length)
    this.#isTorn = this.#isSynced = false
    this.#length += bytes.length
    this.pending.length = 0
  }

  /** Writes what is pending and makes the file durable. */
  async sync(): Promise<void> {
    await this.flush()
    if (this.#isSynced) return
    const handle = (this.#handle ??= await open(this.path, 'r+'))
    await sync(handle, this.path)
    this.#isSynced = true
  }

  /** Frees the handle; the file is opened again if something is written. */
  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #create(): Promise<FileHandle> {
    if (this.#name !== undefined) return open(this.path, 'r+')
    for (;;) {
      this.#count = this.#staging.next++
      const name = this.#staging.names.inProgress(this.#count)
      const handle = await open(join(this.#staging.folder, name), 'wx').catch(unlessTaken)
      if (!handle) continue
      this.#name = name
      return handle
    }
  }

  async #copy({ name, length, records }: PartState): Promise<void> {
    const from = join(this.#staging.folder, name)
    const size = (await stat(from).catch(unlessGone))?.size ?? 0
    if (size < length) {
      const message = `${from}: ${size} of the ${length} bytes are left that the last checkpoint counts on; restore the file`
      throw new MillraceError('CORRUPT_STATE', message)
    }
    await (await this.#create()).close()
    await copyFile(from, this.path, constants.COPYFILE_FICLONE)
    await truncate(this.path, length)
    this.#length = length
    this.records = records
  }
}

/** A writer before this one, in the same tenure, may have left a file. */
function unlessTaken(error: unknown): undefined {
  if (errnoOf(error) !== 'EEXIST') throw error
}

function unlessGone(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error
}
