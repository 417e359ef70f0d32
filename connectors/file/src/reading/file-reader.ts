import { MillraceError } from '@millrace/core'
import type { Position, Read, Reader, RefusedRow, SourceContext } from '@millrace/core'
import type { ResolvedFilesOptions } from '../options.ts'
import type { Chunk, Next } from './chunk.ts'
import { isAt } from './file-finder.ts'
import { FileRecords } from './file-records.ts'
import type { FileMeta, Origin } from './file-records.ts'
import { inodeOfPartition, succeed } from './identity.ts'
import { LineCutter } from './line-cutter.ts'
import type { LongLine, Rows } from './line-cutter.ts'
import { readError } from './open-content.ts'
import type { Content } from './open-content.ts'
import { wait } from './wait.ts'

/** How long a read waits at the tip. */
const patienceMs = 1_000
const shortestPauseMs = 10
const longestPauseMs = 100
/** Through how much of a line over the limit one read goes. */
const mostChunks = 64

/**
 * Reads one file, line by line.
 *
 * ```
 *   reading ─▶ at the tip ─▶ reading …            a file that is followed
 *      │           ├─ renamed and silent ─▶ the rest ─▶ ended
 *      │           └─ truncated ─▶ (torn line) ─▶ ended, with what it is now as child
 *      └─ end of the file ─▶ the rest ─▶ ended    a file that is not
 * ```
 */
export class FileReader<T> implements Reader<T, FileMeta> {
  readonly #origin: Origin
  readonly #content: Content
  readonly #cutter: LineCutter
  readonly #options: ResolvedFilesOptions
  readonly #context: SourceContext
  #first: Chunk | undefined
  #state: 'reading' | 'replaced' | 'ended' = 'reading'
  /** For how long reads have found nothing. Not by the clock, which may be set. */
  #silentMs = 0
  #rows = 0
  #bytes = 0
  /** Of the head of the file. */
  #toSkip: number
  #isClosed = false

  constructor(
    origin: Origin,
    content: Content,
    line: number | undefined,
    options: ResolvedFilesOptions,
    context: SourceContext,
  ) {
    this.#origin = origin
    this.#content = content
    this.#first = content.first
    this.#options = options
    this.#context = context
    if (!content.isSame) this.#state = 'replaced'
    const { maxRecordBytes, recordStart } = options
    const toSkip = Math.max(0, options.headerLines - (line ?? (content.ends.offset === 0 ? 0 : Infinity)))
    this.#toSkip = recordStart ? 0 : toSkip
    const records = recordStart && { start: recordStart, headLines: toSkip }
    this.#cutter = new LineCutter(maxRecordBytes, content.ends, recordStart ? undefined : line, records)
  }

  async read(signal: AbortSignal): Promise<Read<T, FileMeta>> {
    try {
      if (this.#state === 'ended') return { type: 'end' }
      return await (this.#state === 'replaced' ? this.#giveWay(signal) : this.#readOn(signal))
    } catch (error) {
      throw readError(error, this.#origin.path)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#content.feed.close()
  }

  async #readOn(signal: AbortSignal): Promise<Read<T, FileMeta>> {
    let waited = 0
    for (let chunks = 0; ;) {
      const rows = this.#cutter.cut()
      const long = this.#cutter.takeLong()
      if (rows.length > 0 || long.length > 0 || chunks === mostChunks)
        return this.#records(rows, long.map(this.#tooLong))
      const next = await this.#next()
      if (next === 'replaced') return this.#replaced(signal)
      if (next !== 'tip') {
        this.#attach(next)
        chunks++
      } else if (!this.#options.follow) return this.#finish()
      else if (waited >= patienceMs || signal.aborted) return this.#atTip(waited)
      else waited += await pause(waited, signal)
    }
  }

  #next(): Promise<Next> | Chunk {
    const first = this.#first
    this.#first = undefined
    return first ?? this.#content.feed.next()
  }

  #attach(chunk: Chunk): void {
    this.#cutter.attach(chunk)
    this.#content.feed.begin()
    this.#silentMs = 0
  }

  async #atTip(waited: number): Promise<Read<T, FileMeta>> {
    this.#silentMs += waited
    const isSilent = this.#silentMs >= this.#options.endAfterMs
    if (isSilent && (await this.#isRotated())) return this.#finish()
    const waiting = this.#silentMs >= patienceMs ? this.#cutter.cutWaiting() : undefined
    if (waiting !== undefined && waiting.length > 0) return this.#records(waiting, [])
    this.#cutter.detach()
    this.#content.feed.release()
    return { type: 'idle', position: this.#cutter.position }
  }

  async #isRotated(): Promise<boolean> {
    const { partition, path, isRotated } = this.#origin
    return isRotated || !(await isAt(path, inodeOfPartition(partition)))
  }

  async #finish(): Promise<Read<T, FileMeta>> {
    await this.#content.feed.finish()
    this.#state = 'ended'
    const rows = this.#cutter.finish()
    const long = this.#cutter.takeLong()
    return rows.length > 0 || long.length > 0 ? this.#records(rows, long.map(this.#tooLong)) : { type: 'end' }
  }

  #replaced(signal: AbortSignal): Promise<Read<T, FileMeta>> | Read<T, FileMeta> {
    this.#state = 'replaced'
    const torn = this.#cutter.takeTorn()
    return torn ? this.#records(this.#cutter.cut(), [this.#torn(torn)]) : this.#giveWay(signal)
  }

  /** Ends in favour of what the file has become, once that can be named. */
  async #giveWay(signal: AbortSignal): Promise<Read<T, FileMeta>> {
    for (let waited = 0; ; waited += await pause(waited, signal)) {
      const id = await succeed(this.#origin.partition, this.#content.handle)
      if (id !== undefined) return { type: 'end', children: [{ id, parents: [this.#origin.partition] }] }
      if (waited >= patienceMs || signal.aborted) return { type: 'idle', position: this.#cutter.position }
    }
  }

  #records(cut: Rows, refused: readonly RefusedRow[]): FileRecords<T> {
    const rows = this.#toSkip > 0 ? this.#withoutHead(cut) : cut
    const { starts, ends, length } = rows
    if (length > 0) this.#bytes += ends[length - 1]! - starts[0]! + 1
    this.#rows += length
    return new FileRecords(this.#cutter, rows, this.#origin, this.#context.clock.now(), refused, this.#backlog())
  }

  #withoutHead({ starts, ends, length, line, ...rest }: Rows): Rows {
    const skipped = Math.min(this.#toSkip, length)
    this.#toSkip -= skipped
    return {
      ...rest,
      starts: starts.subarray(skipped),
      ends: ends.subarray(skipped),
      length: length - skipped,
      line: line === undefined ? undefined : line + skipped,
    }
  }

  /** Bytes that wait, as lines of the length seen so far. */
  #backlog(): number | undefined {
    const { size } = this.#content.feed
    if (size === undefined || this.#rows === 0) return undefined
    return Math.max(0, Math.round((size - this.#cutter.offset) / (this.#bytes / this.#rows)))
  }

  readonly #tooLong = ({ position, line, length, bytes }: LongLine): RefusedRow => {
    const message = `${this.#place(line)}: a line of ${length} bytes is over maxRecordBytes (${this.#options.maxRecordBytes})`
    return { position, bytes, error: this.#error('RECORD_TOO_LARGE', message, position) }
  }

  #torn({ position, line, bytes }: LongLine): RefusedRow {
    const message = `${this.#place(line)}: the file was truncated before the end of this line was written`
    return { position, bytes, error: this.#error('SOURCE', message, position) }
  }

  #place(line: number | undefined): string {
    return line === undefined ? this.#origin.path : `${this.#origin.path}:${line}`
  }

  #error(code: 'SOURCE' | 'RECORD_TOO_LARGE', message: string, position: Position): MillraceError {
    return new MillraceError(code, message, { partition: this.#origin.partition, position })
  }
}

async function pause(waited: number, signal: AbortSignal): Promise<number> {
  const ms = Math.min(longestPauseMs, Math.max(shortestPauseMs, waited))
  await wait(ms, signal)
  return ms
}
