import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { badOption, type Size, sizeBytes } from '@millrace/core'
import { lockFolder } from './folder-lock.ts'

/** Where lines wait on disk while the stream cannot be reached. */
export interface SpoolOptions {
  /** Its own; a second process, or thread, that is given the same is refused. */
  readonly folder: string
  /** @default '64MiB' */
  readonly maxBytes?: Size
}

const segmentBytes = 1024 * 1024
const pattern = /^\d{8}\.ndjson$/
/** A line of a log may have line feeds of its own, as stack traces do. */
const escaped = (line: string): string => line.replaceAll(/[\\\n]/g, (each) => (each === '\n' ? '\\n' : '\\\\'))
const unescaped = (text: string): string => text.replaceAll(/\\[\\n]/g, (each) => (each === '\\n' ? '\n' : '\\'))
const textOf = (lines: readonly string[]): string => lines.map((line) => `${escaped(line)}\n`).join('')

interface Segment {
  readonly name: string
  bytes: number
  /** Bytes that it may have yet. */
  reserved: number
}

/**
 * Lines on disk, in order, up to a number of bytes. They outlive the process; of a line that was being written when it died, nothing is
 * given back.
 */
export class Spool {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #unlock: () => void
  /** Those that this process writes to: the last line of another one's may be torn. */
  readonly #own = new Set<string>()
  /** Those that are done with, and could not be removed. */
  readonly #leftOver = new Set<string>()
  #segments: Segment[]
  #next: number

  /** @throws MillraceError BAD_OPTION, naming the field, and for a folder that another process uses */
  constructor({ folder, maxBytes = '64MiB' }: SpoolOptions) {
    if (typeof folder !== 'string' || folder === '') throw badOption('log transport: `spool.folder` is no path')
    this.#folder = folder
    this.#maxBytes = sizeBytes(maxBytes, 'log transport: `spool.maxBytes`')
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      throw badOption(`log transport: \`spool.folder\`: ${folder} cannot be made: ${(error as Error).message}`)
    }
    this.#unlock = lockFolder(folder, 'log transport: `spool.folder`')
    try {
      const names = readdirSync(folder).filter((name) => pattern.test(name))
      this.#segments = names.toSorted().map((name) => ({ name, bytes: statSync(join(folder, name)).size, reserved: 0 }))
    } catch (error) {
      this.#unlock()
      throw error
    }
    this.#next = Number(this.#segments.at(-1)?.name.slice(0, 8) ?? 0) + 1
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  /** Whether all its lines are in this one. */
  isOnly(name: string): boolean {
    return this.#segments.length === 1 && this.#segments[0]?.name === name
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  hasRoom(line: string): boolean {
    return this.#fits(textOf([line]))
  }

  /** @returns false where there is no room. @throws what the disk throws */
  append(line: string): boolean {
    const text = textOf([line])
    if (!this.#fits(text)) return false
    let last = this.#segments.at(-1)
    if (last === undefined || last.bytes >= segmentBytes || !this.#own.has(last.name)) {
      last = { name: this.#newName(), bytes: 0, reserved: 0 }
      this.#own.add(last.name)
      this.#segments.push(last)
    }
    this.#write(last, text)
    return true
  }

  /** Keeps a place before all that is appended from now on, and room, for lines that are older than it. */
  reserve(lines: readonly string[]): string {
    const name = this.#newName()
    const reserved = Math.min(Buffer.byteLength(textOf(lines)), this.#maxBytes - this.#taken)
    this.#segments.push({ name, bytes: 0, reserved })
    return name
  }

  /** Fills a place that was reserved, or gives it up. @returns how many of the lines have found room. @throws what the disk throws */
  fill(name: string, lines: readonly string[]): number {
    const segment = this.#segments.find((each) => each.name === name)
    if (segment !== undefined) segment.reserved = 0
    let free = this.#maxBytes - this.#taken
    const fitting = lines.findIndex((line) => (free -= Buffer.byteLength(textOf([line]))) < 0)
    const kept = fitting < 0 ? lines.length : fitting
    if (segment === undefined || kept === 0) this.#segments = this.#segments.filter((each) => each !== segment)
    else this.#write(segment, textOf(lines.slice(0, kept)))
    return segment === undefined ? 0 : kept
  }

  /**
   * The oldest lines, which stay until they are {@link Spool.remove}d. What is added later goes elsewhere.
   *
   * @throws Error, once, for what cannot be read; it is left where it is
   */
  oldest(): { readonly name: string; readonly lines: readonly string[] } | undefined {
    const [first] = this.#segments
    if (first === undefined) return undefined
    this.#own.delete(first.name)
    const path = this.#pathOf(first.name)
    const text = existsSync(path) ? this.#read(path) : ''
    // behind the last line feed there is a torn line, or nothing
    return { name: first.name, lines: text.split('\n').slice(0, -1).map(unescaped) }
  }

  #read(path: string): string {
    try {
      return readFileSync(path, 'utf8')
    } catch (cause) {
      this.#segments.shift()
      throw new Error(`lines in ${path} cannot be read, and are left there: ${(cause as Error).message}`, { cause })
    }
  }

  /** Leaves these of its lines. @throws what the disk throws; it is as it was then */
  replace(name: string, lines: readonly string[]): void {
    const segment = this.#segments.find((each) => each.name === name)
    if (segment === undefined) return
    const text = textOf(lines)
    const half = this.#pathOf('half')
    try {
      writeFileSync(half, text)
      renameSync(half, this.#pathOf(name))
    } catch (error) {
      rmSync(half, { force: true })
      throw error
    }
    segment.bytes = Buffer.byteLength(text)
  }

  /** Done with it, also where its file cannot be removed now. */
  remove(name: string): void {
    this.#segments = this.#segments.filter((each) => each.name !== name)
    this.#leftOver.add(name)
    for (const each of this.#leftOver)
      try {
        rmSync(this.#pathOf(each), { force: true })
        this.#leftOver.delete(each)
      } catch {
        // a file system that has become read-only: another time
      }
  }

  /** Another one may use the folder. */
  close(): void {
    this.#unlock()
  }

  get #taken(): number {
    return this.#segments.reduce((sum, { bytes, reserved }) => sum + bytes + reserved, 0)
  }

  #fits(text: string): boolean {
    return this.#taken + Buffer.byteLength(text) <= this.#maxBytes
  }

  #write(segment: Segment, text: string): void {
    const path = this.#pathOf(segment.name)
    try {
      appendFileSync(path, text)
    } catch (error) {
      this.#takeBack(segment, path)
      throw error
    }
    segment.bytes += Buffer.byteLength(text)
  }

  /** A part of what was written last may be there: it counts as lost, and must not come back. */
  #takeBack(segment: Segment, path: string): void {
    this.#own.delete(segment.name)
    try {
      if (segment.bytes > 0) return truncateSync(path, segment.bytes)
      rmSync(path, { force: true })
    } catch {
      // nor can the disk do that; nothing goes behind it
    }
    this.#segments = this.#segments.filter((each) => each !== segment)
  }

  #pathOf(name: string): string {
    return join(this.#folder, name)
  }

  #newName(): string {
    return `${String(this.#next++).padStart(8, '0')}.ndjson`
  }
}
