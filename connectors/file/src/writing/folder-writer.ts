import { constants } from 'node:fs'
import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ByteWriter, MillraceError } from '@millrace/core'
import type {
  CommitOutcome,
  Encoder,
  Handle,
  Json,
  Prepared,
  PrepareOptions,
  SinkBatch,
  SinkContext,
  SinkWriter,
} from '@millrace/core'
import { writeError } from '../disk/errno.ts'
import { syncFolder } from '../disk/sync.ts'
import type { ResolvedFolderOptions } from '../options.ts'
import { commitAll, moveOf } from './commit.ts'
import { PartFile } from './part-file.ts'
import type { PartState, Staging } from './part-file.ts'
import { PartNames, stagingFolder } from './part-names.ts'
import { checkSubfolder, compileSubfolder } from './subfolder.ts'
import type { ChooseSubfolder } from './subfolder.ts'

const newline = 10
/** Lines gather in memory until so many bytes are there, compressed ones longer, as each time is a member of its own. */
const flushBytes = { none: 256 * 1024, gzip: 1024 * 1024, zstd: 1024 * 1024 }
const mostPendingBytes = 16 * 1024 * 1024
const syncedAtOnce = 16

/** Makes the folders of the sink and returns that for files in progress; rejects if they cannot be written to. */
export async function makeFolders(path: string): Promise<string> {
  const root = resolve(path)
  const staging = join(root, stagingFolder)
  try {
    await mkdir(staging, { recursive: true })
    for (const folder of [root, staging]) await access(folder, constants.W_OK | constants.X_OK)
    return staging
  } catch (error) {
    throw writeError(error, root, 'writing to this folder')
  }
}

/** Opens a writer that goes on with the files of the last checkpoint. */
export async function openWriter<T>(options: ResolvedFolderOptions<T>, context: SinkContext): Promise<SinkWriter<T>> {
  const folder = await makeFolders(options.path)
  const names = new PartNames(context, options.extension)
  const staging: Staging = { folder, names, compression: options.compression, next: 0 }
  const states = partStates(context.state)
  try {
    const files: PartFile[] = []
    for (const state of states) files.push(await PartFile.continue(staging, state))
    return new FolderWriter(
      options,
      context,
      staging,
      files,
      states.map(({ name }) => name),
    )
  } catch (error) {
    throw writeError(error, folder, 'going on with the files of the last checkpoint')
  }
}

/**
 * Writes the files of one task in one tenure.
 *
 * ```
 *   record ─▶ pending, in memory ─▶ in progress ──────▶ prepared ─────────▶ visible
 *                             flush, prepare   full, due: handle     commit
 * ```
 */
class FolderWriter<T> implements SinkWriter<T> {
  readonly #options: ResolvedFolderOptions<T>
  readonly #context: SinkContext
  readonly #staging: Staging
  readonly #root: string
  readonly #encoder: Encoder<T>
  readonly #subfolder: string | ChooseSubfolder<T>
  /** Files that are written to, by subfolder. */
  readonly #open = new Map<string, PartFile>()
  /** Files that are full; the next checkpoint prepares them. */
  #full: PartFile[] = []
  /** Lines of a batch. */
  readonly #lines = new ByteWriter(64 * 1024)
  readonly #ends: number[] = []
  #subfolders: string[] = []
  #batches = 0
  /** Names of earlier tenures that the last accepted checkpoint still counts on. */
  #inherited: readonly string[]
  #firstSeq: number | undefined
  /** Ids of the handles of the last checkpoint. */
  #prepared: ReadonlySet<string> = new Set()

  constructor(
    options: ResolvedFolderOptions<T>,
    context: SinkContext,
    staging: Staging,
    files: readonly PartFile[],
    inherited: readonly string[],
  ) {
    this.#options = options
    this.#context = context
    this.#staging = staging
    this.#root = resolve(options.path)
    this.#encoder = options.encode.encoder()
    this.#subfolder = compileSubfolder(options.subfolder)
    this.#inherited = inherited
    for (const file of files) this.#open.set(file.subfolder, file)
  }

  /** Takes all of a batch or, when it rejects, nothing: what came before is written first. */
  async write(batch: SinkBatch<T>): Promise<void> {
    await this.#doing('writing', () => this.#makeRoom())
    this.#encode(batch)
    this.#batches++
    let from = 0
    while (from < batch.length) from = this.#place(from, batch.length)
  }

  async prepare(seq: number, options?: PrepareOptions): Promise<Prepared> {
    if (this.#firstSeq !== undefined && seq > this.#firstSeq) await this.#disinherit()
    await this.#doing('writing', () => this.#syncAll())
    const now = this.#context.clock.now()
    for (const file of this.#open.values()) {
      if (options?.last || now - file.since >= this.#options.rollMs) this.#roll(file)
    }
    const full = this.#full
    this.#full = []
    this.#firstSeq ??= seq
    for (const file of full) await file.close()
    const handles = full.map((file) => this.#handleOf(file, seq))
    this.#prepared = new Set(handles.map(({ id }) => id))
    const open = [...this.#open.values()].map(({ state }) => ({ ...state }))
    return { handles, ...(open.length > 0 && { state: { open } }) }
  }

  async commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
    const outcomes = await commitAll(handles)
    if (handles.some(({ id }) => this.#prepared.has(id))) await this.#disinherit()
    return outcomes
  }

  async abort({ before, except }: { readonly before: number; readonly except: readonly Handle[] }): Promise<void> {
    const kept = new Set([...this.#inherited, ...except.map((handle) => basename(moveOf(handle).from))])
    await this.#doing('cleaning up', async () => {
      for (const name of await readdir(this.#staging.folder)) {
        const epoch = this.#staging.names.epochOf(name)
        if (epoch !== undefined && epoch < before && !kept.has(name)) await this.#remove(name)
      }
    })
  }

  async close(): Promise<void> {
    for (const file of [...this.#open.values(), ...this.#full]) await file.close()
  }

  /** Writes what is full, and what has gathered. */
  async #makeRoom(): Promise<void> {
    for (const file of this.#full) {
      await file.sync()
      await file.close()
    }
    let pending = 0
    for (const file of this.#open.values()) pending += file.pending.length
    const enough = pending > mostPendingBytes ? 1 : flushBytes[this.#options.compression]
    for (const file of this.#open.values()) if (file.pending.length >= enough) await file.flush()
  }

  async #syncAll(): Promise<void> {
    const files = [...this.#open.values(), ...this.#full]
    for (let i = 0; i < files.length; i += syncedAtOnce) {
      // All are waited for, so that none is still at work when the call is repeated.
      const results = await Promise.allSettled(files.slice(i, i + syncedAtOnce).map((file) => file.sync()))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    }
    if (files.length > 0) await syncFolder(this.#staging.folder)
  }

  /** Encodes a batch; nothing is taken over if a record cannot be written. */
  #encode({ length, values, times }: SinkBatch<T>): void {
    this.#lines.length = this.#ends.length = 0
    this.#subfolders = []
    for (let i = 0; i < length; i++) {
      const value = values[i] as T
      if (typeof this.#subfolder === 'function') this.#subfolders.push(this.#choose(this.#subfolder, value, times[i]!))
      this.#encodeOne(value)
      this.#ends.push(this.#lines.length)
    }
  }

  #encodeOne(value: T): void {
    try {
      this.#encoder.encode(value, this.#lines)
    } catch (error) {
      const what = `${this.#root}: ${this.#options.encode.description} cannot write a record: ${String(error)}`
      throw new MillraceError('SINK', what, { cause: error })
    }
    this.#lines.byte(newline)
  }

  #choose(choose: ChooseSubfolder<T>, value: T, time: number): string {
    const subfolder = choose(value, time)
    return this.#open.has(subfolder) ? subfolder : checkSubfolder(subfolder)
  }

  /** Adds lines from `from` on to one file, as many as go there; returns the first that does not. */
  #place(from: number, to: number): number {
    const subfolder = this.#subfolderOf(from)
    const file = this.#open.get(subfolder) ?? this.#begin(subfolder)
    file.usedAt = this.#batches
    const { rollBytes, rollRecords, compression } = this.#options
    const start = from === 0 ? 0 : this.#ends[from - 1]!
    const length = compression === 'none' ? file.length + file.pending.length - start : file.length
    let i = from
    let isFull = false
    do {
      const size = compression === 'none' ? length + this.#ends[i]! : length
      i++
      isFull = size >= rollBytes || file.records + (i - from) >= rollRecords
    } while (!isFull && i < to && this.#subfolderOf(i) === subfolder)
    file.pending.bytes(this.#lines.view().subarray(start, this.#ends[i - 1]))
    file.records += i - from
    if (isFull) this.#roll(file)
    return i
  }

  #subfolderOf(row: number): string {
    return typeof this.#subfolder === 'string' ? this.#subfolder : this.#subfolders[row]!
  }

  #begin(subfolder: string): PartFile {
    if (this.#open.size >= this.#options.maxOpenFiles) this.#roll(this.#leastUsed())
    const file = new PartFile(this.#staging, subfolder, this.#context.clock.now())
    this.#open.set(subfolder, file)
    return file
  }

  #leastUsed(): PartFile {
    let least: PartFile | undefined
    for (const file of this.#open.values()) if (!least || file.usedAt < least.usedAt) least = file
    return least!
  }

  #roll(file: PartFile): void {
    this.#open.delete(file.subfolder)
    this.#full.push(file)
  }

  #handleOf(file: PartFile, seq: number): Handle {
    const name = join(file.subfolder, this.#staging.names.final(seq, file.count))
    const to = join(this.#root, name)
    return { sink: this.#context.sink, id: name, destination: to, data: { from: file.path, to } }
  }

  /** A checkpoint of this tenure was accepted, so nobody goes back to those before it. */
  async #disinherit(): Promise<void> {
    const names = this.#inherited
    this.#inherited = []
    // What cannot be removed now is left to the next tenure.
    for (const name of names) await this.#remove(name).catch(() => undefined)
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#staging.folder, name), { force: true })
  }

  async #doing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw writeError(error, this.#root, what)
    }
  }
}

function partStates(state: Json | undefined): readonly PartState[] {
  const { open = [] } = (state ?? {}) as unknown as { readonly open?: readonly PartState[] }
  return open
}
