import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Where lines wait on disk while the stream cannot be reached. */
export interface SpoolOptions {
  /** Its own; two processes must not share one. */
  readonly folder: string
  /** @default 67108864 */
  readonly maxBytes?: number
}

const segmentBytes = 1024 * 1024
const pattern = /^\d{8}\.ndjson$/

/**
 * Lines on disk, in order, up to a number of bytes. They outlive the process; of a line that was being written when it died, nothing is
 * given back.
 */
export class Spool {
  readonly #folder: string
  readonly #maxBytes: number
  #segments: { readonly name: string; bytes: number }[]
  #next: number

  constructor({ folder, maxBytes = 64 * 1024 * 1024 }: SpoolOptions) {
    this.#folder = folder
    this.#maxBytes = maxBytes
    mkdirSync(folder, { recursive: true })
    const names = readdirSync(folder).filter((name) => pattern.test(name))
    this.#segments = names.toSorted().map((name) => ({ name, bytes: statSync(join(folder, name)).size }))
    this.#next = Number(this.#segments.at(-1)?.name.slice(0, 8) ?? 0) + 1
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** @returns false where there is no room */
  append(line: string): boolean {
    const bytes = Buffer.byteLength(line) + 1
    if (this.bytes + bytes > this.#maxBytes) return false
    let last = this.#segments.at(-1)
    // never into one that an earlier process has left: its last line may be torn
    if (last === undefined || last.bytes >= segmentBytes || !this.#isOwn(last.name)) {
      last = { name: `${String(this.#next++).padStart(8, '0')}.ndjson`, bytes: 0 }
      this.#own.add(last.name)
      this.#segments.push(last)
    }
    appendFileSync(join(this.#folder, last.name), `${line}\n`)
    last.bytes += bytes
    return true
  }

  /** The oldest lines, which stay until they are {@link Spool.remove}d. What is added later goes elsewhere. */
  oldest(): { readonly name: string; readonly lines: readonly string[] } | undefined {
    const [first] = this.#segments
    if (first === undefined) return undefined
    this.#own.delete(first.name)
    const text = readFileSync(join(this.#folder, first.name), 'utf8')
    // behind the last line feed there is a torn line, or nothing
    return { name: first.name, lines: text.split('\n').slice(0, -1) }
  }

  remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true })
    this.#segments = this.#segments.filter((each) => each.name !== name)
  }

  readonly #own = new Set<string>()

  #isOwn(name: string): boolean {
    return this.#own.has(name)
  }
}
