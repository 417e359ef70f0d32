import { constants } from 'node:fs'
import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type {
  CommitOutcome,
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
import { EncodedBatch } from './encoded-batch.ts'
import { PartFile } from './part-file.ts'
import type { PartState, Staging } from './part-file.ts'
import { PartFiles } from './part-files.ts'
import { PartNames, stagingFolder } from './part-names.ts'

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
  readonly #files: PartFiles
  readonly #batch: EncodedBatch<T>
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
    this.#files = new PartFiles(options, staging, files)
    this.#batch = new EncodedBatch(options, context.refuse)
    this.#inherited = inherited
  }

  /** Takes all of a batch or, when it rejects, nothing: what came before is written first. */
  async write(batch: SinkBatch<T>): Promise<void> {
    await this.#doing('writing', () => this.#files.makeRoom())
    this.#batch.encode(batch, this.#files.has)
    this.#batches++
    for (let row = 0; row < this.#batch.length;) row = this.#place(row)
  }

  async prepare(seq: number, options?: PrepareOptions): Promise<Prepared> {
    if (this.#firstSeq !== undefined && seq > this.#firstSeq) await this.#disinherit()
    await this.#doing('writing', async () => {
      if (await this.#files.sync()) await syncFolder(this.#staging.folder)
    })
    this.#firstSeq ??= seq
    const againInMs = this.#files.rollOlder(options?.last ? -Infinity : this.#options.rollMs, this.#context.clock.now())
    const handles = (await this.#files.takeFull()).map((file) => this.#handleOf(file, seq))
    this.#prepared = new Set(handles.map(({ id }) => id))
    const open = this.#files.states().map((state) => ({ ...state }))
    return { handles, ...(open.length > 0 && { state: { open }, againInMs }) }
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
    await this.#files.close()
  }

  /** Adds lines from `from` on to one file, as many as go there; returns the first that does not. */
  #place(from: number): number {
    const batch = this.#batch
    const subfolder = batch.subfolderOf(from)
    const file = this.#files.of(subfolder, this.#context.clock.now())
    file.usedAt = this.#batches
    let to = from
    let isFull = false
    while (!isFull && to < batch.length && batch.subfolderOf(to) === subfolder) {
      to++
      isFull = this.#isFull(file, batch.bytesBefore(to) - batch.bytesBefore(from), to - from)
    }
    file.pending.bytes(batch.slice(from, to))
    file.records += to - from
    if (isFull) this.#files.roll(file)
    return to
  }

  /** Whether so much more makes a file full. How much compressed lines take is known once they are written. */
  #isFull({ length, pending, records }: PartFile, moreBytes: number, moreRecords: number): boolean {
    const { compression, rollBytes, rollRecords } = this.#options
    const bytes = compression === 'none' ? length + pending.length + moreBytes : length
    return bytes >= rollBytes || records + moreRecords >= rollRecords
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
