import type { ResolvedFolderOptions } from '../options.ts'
import { PartFile } from './part-file.ts'
import type { PartState, Staging } from './part-file.ts'

/** Lines gather in memory until so many bytes are there; more if compressed, as each time is a member of its own. */
const flushBytes = { none: 256 * 1024, gzip: 1024 * 1024, zstd: 1024 * 1024 }
const mostPendingBytes = 16 * 1024 * 1024
const syncedAtOnce = 16

type PartFilesOptions = Pick<ResolvedFolderOptions<never>, 'compression' | 'maxOpenFiles'>

/** The files of a writer: one a subfolder that is written to, and those that are full. */
export class PartFiles {
  readonly #options: PartFilesOptions
  readonly #staging: Staging
  readonly #open = new Map<string, PartFile>()
  #full: PartFile[] = []

  constructor(options: PartFilesOptions, staging: Staging, open: readonly PartFile[]) {
    this.#options = options
    this.#staging = staging
    for (const file of open) this.#open.set(file.subfolder, file)
  }

  /** Whether a subfolder is written to. */
  readonly has = (subfolder: string): boolean => this.#open.has(subfolder)

  /** The file of a subfolder. Where there is none it is begun, at the cost of the one that was not used for longest. */
  of(subfolder: string, now: number): PartFile {
    const known = this.#open.get(subfolder)
    if (known) return known
    if (this.#open.size >= this.#options.maxOpenFiles) this.roll(this.#leastUsed())
    const file = new PartFile(this.#staging, subfolder, now)
    this.#open.set(subfolder, file)
    return file
  }

  /** Takes a file for full: nothing more is written to it. */
  roll(file: PartFile): void {
    this.#open.delete(file.subfolder)
    this.#full.push(file)
  }

  /** Takes for full what is of some age. @returns in how many ms the next one will be; Infinity for none */
  rollOlder(ageMs: number, now: number): number {
    let next = Infinity
    for (const file of this.#open.values()) {
      // the clock may have been set back
      file.since = Math.min(file.since, now)
      const leftMs = file.since + ageMs - now
      if (leftMs <= 0) this.roll(file)
      else next = Math.min(next, leftMs)
    }
    return next
  }

  /** Hands out the files that are full. */
  async takeFull(): Promise<readonly PartFile[]> {
    const full = this.#full
    this.#full = []
    for (const file of full) await file.close()
    return full
  }

  /** What there is to remember of the others. */
  states(): PartState[] {
    return [...this.#open.values()].map(({ state }) => state)
  }

  /** Writes what is full, and what has gathered. */
  async makeRoom(): Promise<void> {
    for (const file of this.#full) {
      await file.sync()
      await file.close()
    }
    let pending = 0
    for (const file of this.#open.values()) pending += file.pending.length
    const enough = pending > mostPendingBytes ? 1 : flushBytes[this.#options.compression]
    for (const file of this.#open.values()) if (file.pending.length >= enough) await file.flush()
  }

  /** Makes all durable; says whether there was anything. */
  async sync(): Promise<boolean> {
    const files = [...this.#open.values(), ...this.#full]
    for (let i = 0; i < files.length; i += syncedAtOnce) {
      // All are waited for, so that none is still at work when the call is repeated.
      const results = await Promise.allSettled(files.slice(i, i + syncedAtOnce).map((file) => file.sync()))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    }
    return files.length > 0
  }

  async close(): Promise<void> {
    for (const file of [...this.#open.values(), ...this.#full]) await file.close()
  }

  #leastUsed(): PartFile {
    return [...this.#open.values()].reduce((least, file) => (file.usedAt < least.usedAt ? file : least))
  }
}
