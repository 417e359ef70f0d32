import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CommitOutcome,
  type Handle,
  type Prepared,
  type Sink,
  type SinkBatch,
  type SinkContext,
  type SinkWriter,
  tenureId,
} from '@millrace/core'

/**
 * Files that are prepared in one folder and made visible by a rename into another. `step` is called between the steps
 * of each call, for a test that wants to kill the process there.
 */
export function folderSink<T>(folder: string, step: (name: string) => void = () => undefined): Sink<T> {
  for (const part of ['prepared', 'visible']) mkdirSync(join(folder, part), { recursive: true })
  return {
    kind: 'folder',
    description: folder,
    guarantee: 'exactly-once',
    open: async (context) => new FolderWriter(folder, context, step),
  }
}

/** All records that are visible in a folder, with each file that made them so. */
export const visibleIn = (folder: string): { readonly file: string; readonly values: readonly unknown[] }[] =>
  readdirSync(join(folder, 'visible')).map((file) => ({
    file,
    values: JSON.parse(readFileSync(join(folder, 'visible', file), 'utf8')) as unknown[],
  }))

/** Names of files that were prepared and are neither visible nor removed. */
export const preparedIn = (folder: string): string[] => readdirSync(join(folder, 'prepared'))

class FolderWriter<T> implements SinkWriter<T> {
  readonly #folder: string
  readonly #context: SinkContext
  readonly #step: (name: string) => void
  #pending: T[] = []

  constructor(folder: string, context: SinkContext, step: (name: string) => void) {
    this.#folder = folder
    this.#context = context
    this.#step = step
  }

  write({ values }: SinkBatch<T>): void {
    this.#pending.push(...values)
  }

  async prepare(seq: number): Promise<Prepared> {
    this.#step('prepare')
    if (this.#pending.length === 0) return { handles: [] }
    const { tenure, sink } = this.#context
    const id = `${tenure.epoch}.${sink}.${tenureId(tenure)}-${seq}.json`
    writeFileSync(join(this.#folder, 'prepared', id), JSON.stringify(this.#pending), { flag: 'wx', flush: true })
    this.#pending = []
    this.#step('prepared')
    return { handles: [{ sink, id, destination: join(this.#folder, 'visible', id), data: null }] }
  }

  async commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
    return handles.map((handle) => this.#commitOne(handle))
  }

  async abort({ before, except }: { readonly before: number; readonly except: readonly Handle[] }): Promise<void> {
    this.#step('abort')
    for (const id of preparedIn(this.#folder))
      if (Number(id.split('.')[0]) < before && !except.some((handle) => handle.id === id))
        rmSync(join(this.#folder, 'prepared', id))
  }

  async close(): Promise<void> {}

  #commitOne({ id, destination }: Handle): CommitOutcome {
    this.#step('commit')
    if (existsSync(destination)) return 'already'
    if (!existsSync(join(this.#folder, 'prepared', id))) return 'lost'
    renameSync(join(this.#folder, 'prepared', id), destination)
    this.#step('committed')
    return 'committed'
  }
}
