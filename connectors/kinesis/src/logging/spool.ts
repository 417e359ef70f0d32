import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { badOption, type Size, sizeBytes } from '@millrace/core'

/** Where lines wait on disk while the stream cannot be reached. */
export interface SpoolOptions {
  /** Its own; two processes must not share one. */
  readonly folder: string
  /** @default '64MiB' */
  readonly maxBytes?: Size
}

const segmentBytes = 1024 * 1024
const pattern = /^\d{8}\.ndjson$/
/** A line of a log may have line feeds of its own, as stack traces do. */
const escaped = (line: string): string => line.replaceAll(/[\\\n]/g, (each) => (each === '\n' ? '\\n' : '\\\\'))
const unescaped = (text: string): string => text.replaceAll(/\\[\\n]/g, (each) => (each === '\\n' ? '\n' : '\\'))

/**
 * Lines on disk, in order, up to a number of bytes. They outlive the process; of a line that was being written when it died, nothing is
 * given back.
 */
export class Spool {
  readonly #folder: string
  readonly #maxBytes: number
  #segments: { readonly name: string; bytes: number }[]
  #next: number

  constructor({ folder, maxBytes = '64MiB' }: SpoolOptions) {
    if (typeof folder !== 'string' || folder === '') throw badOption('log transport: `spool.folder` is no path')
    this.#folder = folder
    this.#maxBytes = sizeBytes(maxBytes, 'log transport: `spool.maxBytes`')
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

  /** @returns false where there is no room. @throws what the disk throws */
  append(line: string): boolean {
    const text = `${escaped(line)}\n`
    const bytes = Buffer.byteLength(text)
    if (this.bytes + bytes > this.#maxBytes) return false
    let last = this.#segments.at(-1)
    // never into one that an earlier process has left: its last line may be torn
    if (last === undefined || last.bytes >= segmentBytes || !this.#isOwn(last.name)) {
      last = { name: this.#newName(), bytes: 0 }
      this.#own.add(last.name)
      this.#segments.push(last)
    }
    this.#write(last, text)
    return true
  }

  /** Keeps a place before all that is appended from now on, for lines that are older than it. */
  reserve(): string {
    const name = this.#newName()
    this.#segments.push({ name, bytes: 0 })
    return name
  }

  /** Fills a place that was reserved, or gives it up. @returns how many of the lines have found room */
  fill(name: string, lines: readonly string[]): number {
    const segment = this.#segments.find((each) => each.name === name)
    let free = this.#maxBytes - this.bytes
    const texts = lines.map((line) => `${escaped(line)}\n`)
    const fitting = texts.findIndex((text) => (free -= Buffer.byteLength(text)) < 0)
    const kept = fitting < 0 ? texts.length : fitting
    if (segment === undefined || kept === 0) this.#segments = this.#segments.filter((each) => each !== segment)
    else this.#write(segment, texts.slice(0, kept).join(''))
    return segment === undefined ? 0 : kept
  }

  /** The oldest lines, which stay until they are {@link Spool.remove}d. What is added later goes elsewhere. */
  oldest(): { readonly name: string; readonly lines: readonly string[] } | undefined {
    const [first] = this.#segments
    if (first === undefined) return undefined
    this.#own.delete(first.name)
    const path = join(this.#folder, first.name)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    // behind the last line feed there is a torn line, or nothing
    return { name: first.name, lines: text.split('\n').slice(0, -1).map(unescaped) }
  }

  remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true })
    this.#segments = this.#segments.filter((each) => each.name !== name)
  }

  readonly #own = new Set<string>()

  #write(segment: { readonly name: string; bytes: number }, text: string): void {
    try {
      appendFileSync(join(this.#folder, segment.name), text)
    } catch (error) {
      // a part of it may be there: nothing goes behind that
      this.#own.delete(segment.name)
      if (segment.bytes === 0) this.#segments = this.#segments.filter((each) => each !== segment)
      throw error
    }
    segment.bytes += Buffer.byteLength(text)
  }

  #newName(): string {
    return `${String(this.#next++).padStart(8, '0')}.ndjson`
  }

  #isOwn(name: string): boolean {
    return this.#own.has(name)
  }
}
