import type { Position } from '@millrace/core'
import type { Chunk } from './chunk.ts'
import { tailBytes } from './fingerprint.ts'
import type { Ends, Head } from './fingerprint.ts'
import { formatPosition } from './position.ts'

const newline = 10
const carriageReturn = 13
const mostRows = 1024
/** How much of a line that is too long is kept. */
const keptBytes = 4096

/** A line over the limit. */
export interface LongLine {
  readonly position: Position
  /** Number of the line in the file, from 1. */
  readonly line: number | undefined
  readonly length: number
  /** Its beginning. */
  readonly bytes: Uint8Array
}

/** Some lines that lie in one piece of memory. */
export interface Rows {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly length: number
  /** Offset in the file of `bytes[0]`. */
  readonly base: number
  /** Lines of the file before the first row. */
  readonly line: number | undefined
}

/** A line over the limit whose end has not come yet. */
interface SkippedLine {
  readonly position: Position
  readonly bytes: Uint8Array
  length: number
}

/** Records of several lines. */
export interface RecordsOfLines {
  /** What the first line of each matches. */
  readonly start: RegExp
  /** Lines at the head of the content that belong to none. */
  readonly headLines: number
}

/**
 * Cuts content into lines, which end with `\n` or `\r\n`. Lines are not copied: they lie in the chunk, with the beginning
 * of the first moved in front of it. A line over the limit is counted through, never held.
 *
 * Rows stay as they are while the next ones are cut, and no longer.
 *
 * ```
 *   attach(chunk) ─▶ cut() ─▶ cut() ─▶ cut(): no rows ─▶ attach(the next chunk) ─▶ … ─▶ finish()
 * ```
 */
export class LineCutter {
  /** For the rows that are cut next, and of those that were cut last. */
  #starts = new Uint32Array(mostRows)
  #ends = new Uint32Array(mostRows)
  #otherStarts = new Uint32Array(mostRows)
  #otherEnds = new Uint32Array(mostRows)
  readonly #most: number
  readonly #recordStart: RegExp | undefined
  /** Lines at the head that are passed over; only before records of several lines. */
  #headLines: number
  readonly #head: Head
  /** From some way before the next line to the end of the last chunk. */
  #bytes: Buffer
  /** Offset in the file of `#bytes[0]`. */
  #base: number
  /** Where the next line begins. */
  #at: number
  /** No line ends between `#at` and here. */
  #searched: number
  /** Lines before `#at`. */
  #line: number | undefined
  /** A line that is longer than a chunk and its headroom grows in a buffer of its own. */
  #own: Buffer | undefined
  #skipped: SkippedLine | undefined
  #long: LongLine[] = []

  /** @param ends what lies before the position at which it begins */
  constructor(mostBytes: number, ends: Ends, line: number | undefined, records?: RecordsOfLines) {
    this.#most = mostBytes
    this.#recordStart = records?.start
    this.#headLines = records?.headLines ?? 0
    this.#head = ends.head
    this.#bytes = Buffer.from(ends.tail)
    this.#at = this.#searched = ends.tail.length
    this.#base = ends.offset - ends.tail.length
    this.#line = line
  }

  /** After the last row that was cut. Stays before a line that is too long until its end has come. */
  get position(): Position {
    return this.#skipped?.position ?? this.#positionAt(this.#at, this.#line)
  }

  /** Offset of what was not cut yet. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** Position of a row. */
  positionOf({ bytes, starts, base, line }: Rows, row: number): Position {
    const at = starts[row]!
    return formatPosition(base + at, line === undefined ? undefined : line + row, this.#head.mark(bytes, at, base + at))
  }

  /** Lines over the limit that have been passed since this was last called. */
  takeLong(): readonly LongLine[] {
    if (this.#long.length === 0) return this.#long
    const long = this.#long
    this.#long = []
    return long
  }

  /** Goes on with the next chunk. */
  attach(chunk: Chunk): void {
    this.#head.see(chunk.buffer, chunk.start, chunk.end, this.#base + this.#bytes.length)
    const from = Math.max(0, this.#at - tailBytes)
    const kept = this.#bytes.length - from
    if (kept > chunk.start) this.#join(chunk, from)
    else {
      this.#bytes.copy(chunk.buffer, chunk.start - kept, from)
      this.#own = undefined
      this.#rebase(chunk.buffer.subarray(chunk.start - kept, chunk.end), from)
    }
  }

  /** Lets go of the last chunk; a line begun is copied. */
  detach(): void {
    const from = Math.max(0, this.#at - tailBytes)
    this.#own = undefined
    this.#rebase(Buffer.from(this.#bytes.subarray(from)), from)
  }

  /** Cuts up to 1,024 lines: none when a chunk is needed, or only lines over the limit were passed. */
  cut(): Rows {
    const rows = this.#skipped && !this.#skipOn(this.#skipped) ? 0 : this.#cutSome()
    if (rows === 0) this.#holdBack()
    return this.#rows(rows)
  }

  /** Cuts a record of complete lines that might go on, as nothing has come for a while: one row or none. */
  cutWaiting(): Rows {
    if (!this.#passHead(false)) return this.#rows(0)
    const end = this.#bytes.lastIndexOf(newline)
    const isThere = this.#recordStart !== undefined && this.#skipped === undefined && end >= this.#at
    if (isThere) this.#row(0, this.#at, end)
    if (isThere) this.#advance(end + 1, 1)
    return this.#rows(isThere ? 1 : 0)
  }

  /** Cuts what stands after the last line end, for nothing will be added: one row or none. */
  finish(): Rows {
    if (this.#skipped) this.#passed(this.#skipped)
    this.#passHead(true)
    const rest = this.#bytes.length - this.#at
    if (rest > this.#most) this.#pass(this.#at, rest)
    const rows = rest > 0 && rest <= this.#most ? 1 : 0
    // of several lines the last one may have an end
    const hasEnd = this.#recordStart !== undefined && this.#bytes[this.#bytes.length - 1] === newline
    this.#row(0, this.#at, hasEnd ? this.#bytes.length - 1 : this.#bytes.length, hasEnd)
    this.#advance(this.#bytes.length, rows)
    return this.#rows(rows)
  }

  /** What stands after the last line end, as a copy, where the end of the line was lost; undefined for nothing. */
  takeTorn(): LongLine | undefined {
    const length = this.#bytes.length - this.#at
    if (length === 0) return undefined
    const torn = { position: this.position, line: this.#nextLine(), length, bytes: this.#kept(this.#at) }
    this.#advance(this.#bytes.length, 1)
    return torn
  }

  #cutSome(): number {
    if (this.#recordStart === undefined) return this.#cut()
    return this.#passHead(false) ? this.#cutRecords(this.#recordStart) : 0
  }

  /** Only all together, as a position does not tell how many of them were passed. @returns false where some are still to come */
  #passHead(isLast: boolean): boolean {
    let at = this.#at
    for (let left = this.#headLines; left > 0; left--) {
      const found = this.#bytes.indexOf(newline, at)
      if (found < 0 && !isLast) {
        this.#searched = this.#bytes.length
        return false
      }
      at = found < 0 ? this.#bytes.length : found + 1
    }
    if (this.#headLines > 0) this.#advance(at, 0)
    this.#headLines = 0
    return true
  }

  /** Lines that begin no record belong to the one before; the last one is left until the next begins. */
  #cutRecords(recordStart: RegExp): number {
    const bytes = this.#bytes
    let [at, from, rows] = [this.#at, this.#at, 0]
    while (rows < mostRows) {
      const found = bytes.indexOf(newline, from)
      if (found < 0) break
      const next = bytes.indexOf(newline, found + 1)
      const isOver = found - at > this.#most
      if (next < 0 && !isOver) break
      from = found + 1
      if (!isOver && !recordStart.test(bytes.toString('utf8', from, next))) continue
      if (isOver) {
        if (rows > 0) break
        this.#pass(at, found - at)
      } else this.#row(rows++, at, found)
      at = from
    }
    this.#advance(at, rows)
    // so that a record that grows is passed once it is over the limit, and not held
    this.#searched = bytes.length
    return rows
  }

  #row(row: number, start: number, found: number, isLine = true): void {
    const hasReturn = isLine && found > start && this.#bytes[found - 1] === carriageReturn
    this.#starts[row] = start
    this.#ends[row] = hasReturn ? found - 1 : found
  }

  /** The hot loop: finds line ends, and leaves alone what stands between them. */
  #cut(): number {
    const starts = this.#starts
    const ends = this.#ends
    const bytes = this.#bytes
    const most = this.#most
    let from = this.#searched
    let at = this.#at
    let rows = 0
    while (rows < mostRows) {
      const found = bytes.indexOf(newline, from)
      if (found < 0) {
        this.#searched = bytes.length
        break
      }
      const end = found > at && bytes[found - 1] === carriageReturn ? found - 1 : found
      from = found + 1
      if (end - at > most) {
        if (rows > 0 || this.#long.length === mostRows) break
        this.#pass(at, end - at)
      } else {
        starts[rows] = at
        ends[rows++] = end
      }
      at = from
    }
    this.#advance(at, rows)
    return rows
  }

  #rows(length: number): Rows {
    const line = this.#line === undefined ? undefined : this.#line - length
    const rows = { bytes: this.#bytes, starts: this.#starts, ends: this.#ends, length, base: this.#base, line }
    if (length > 0) this.#swap()
    return rows
  }

  #swap(): void {
    const [starts, ends] = [this.#otherStarts, this.#otherEnds]
    this.#otherStarts = this.#starts
    this.#otherEnds = this.#ends
    this.#starts = starts
    this.#ends = ends
  }

  /** A line begun is kept for the next chunk, unless it is over the limit already: the one byte more may be a \r. */
  #holdBack(): void {
    const rest = this.#bytes.length - this.#at
    if (this.#searched < this.#bytes.length || rest <= this.#most + 1) return
    this.#skipped = { position: this.position, bytes: this.#kept(this.#at), length: rest }
    this.#advance(this.#bytes.length, 0)
  }

  /** Goes on through a line over the limit; true once its end has come. */
  #skipOn(skipped: SkippedLine): boolean {
    const found = this.#bytes.indexOf(newline, this.#at)
    const end = found < 0 ? this.#bytes.length : found
    skipped.length += end - this.#at
    this.#advance(found < 0 ? end : end + 1, 0)
    if (found >= 0) this.#passed(skipped)
    return found >= 0
  }

  #passed({ position, bytes, length }: SkippedLine): void {
    this.#skipped = undefined
    this.#long.push({ position, line: this.#nextLine(), length, bytes })
    this.#advance(this.#at, 1)
  }

  /** Passes a line over the limit that lies in the chunk as a whole. */
  #pass(at: number, length: number): void {
    this.#long.push({
      position: this.#positionAt(at, this.#line),
      line: this.#nextLine(),
      length,
      bytes: this.#kept(at),
    })
    this.#advance(this.#at, 1)
  }

  #advance(at: number, lines: number): void {
    this.#at = at
    this.#searched = Math.max(at, this.#searched)
    if (this.#line !== undefined) this.#line += lines
  }

  #kept(at: number): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(at, Math.min(this.#bytes.length, at + keptBytes)))
  }

  #nextLine(): number | undefined {
    return this.#line === undefined ? undefined : this.#line + 1
  }

  #positionAt(at: number, line: number | undefined): Position {
    const offset = this.#base + at
    return formatPosition(offset, line, this.#head.mark(this.#bytes, at, offset))
  }

  /** Puts a chunk behind what is left, in a buffer that doubles, so that a line of n bytes costs O(n). */
  #join({ buffer, start, end }: Chunk, from: number): void {
    const length = this.#bytes.length
    const more = end - start
    if (this.#own && length + more <= this.#own.length) {
      buffer.copy(this.#own, length, start, end)
      this.#bytes = this.#own.subarray(0, length + more)
      return
    }
    const kept = length - from
    this.#own = Buffer.allocUnsafeSlow((kept + more) * 2)
    this.#bytes.copy(this.#own, 0, from)
    buffer.copy(this.#own, kept, start, end)
    this.#rebase(this.#own.subarray(0, kept + more), from)
  }

  #rebase(bytes: Buffer, from: number): void {
    this.#bytes = bytes
    this.#base += from
    this.#at -= from
    this.#searched -= from
  }
}
