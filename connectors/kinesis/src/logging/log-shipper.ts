import { badOption, type Duration, durationMs } from '@millrace/core'
import { type ExpirableProducer, openProducer, type ProducerOptions, type PutOptions } from '../producer.ts'
import { wait } from '../reading/wait.ts'
import { checkRecord } from '../writing/check-record.ts'
import { ExpiredError } from '../writing/entry.ts'
import { Spool, type SpoolOptions } from './spool.ts'

/** Options of the log transports. */
export interface LogTransportOptions extends Omit<ProducerOptions<Uint8Array>, 'encode'> {
  /**
   * When `maxBufferedBytes` wait: `block` lets whoever logs wait, `drop` puts the line into the spool, or drops and counts it where there is none.
   *
   * @default 'block'
   */
  readonly whenFull?: 'block' | 'drop'
  /** What lines are put under: one key keeps them in one shard, and with `order: 'key'` in order. @default another one for each line */
  readonly partitionKey?: string
  /** Where lines go that could not be put in time; they are put later, in order, also by the next process. @default none: they are dropped and counted */
  readonly spool?: SpoolOptions
  /**
   * How long the end of the log waits for the stream; what is not put by then goes to the spool, or is lost with a warning. The threads of pino
   * have 10 seconds.
   *
   * @default '5s'
   */
  readonly closeWithin?: Duration
}

/** What became of lines. */
export interface LogTransportStats {
  readonly put: number
  readonly dropped: number
  readonly spooledBytes: number
}

/** A line that the producer has. */
interface Outstanding {
  readonly line: string
  readonly settled: Promise<void>
}

const replayEveryMs = 5_000
/** Lines of the spool that are put at a time: a request. */
const replayLines = 500
const encoder = new TextEncoder()

/** Puts lines of a log on a stream. It never logs itself, and never throws: a transport that did would feed itself, or end its process. */
export class LogShipper {
  readonly #stream: string
  readonly #producer: ExpirableProducer<Uint8Array>
  readonly #whenFull: 'block' | 'drop'
  readonly #closeWithinMs: number
  readonly #putOptions: PutOptions
  readonly #spool: Spool | undefined
  #dropped = 0
  #shipped = 0
  /** By number, in order. */
  readonly #outstanding = new Map<number, Outstanding>()
  /** While lines go to the spool: those of the producer that fail, for their place before them. */
  #late: { readonly place: string; readonly lines: [number: number, line: string][]; hasFailed: boolean } | undefined
  /** What is left of the segment of the spool that is being put. */
  #replayed: { readonly name: string; lines: readonly string[] } | undefined
  #timer: NodeJS.Timeout | undefined
  #replaying: Promise<void> | undefined
  #isClosed = false

  constructor({ whenFull = 'block', spool, partitionKey, closeWithin = '5s', ...options }: LogTransportOptions) {
    if (whenFull !== 'block' && whenFull !== 'drop')
      throw badOption(`log transport: \`whenFull\` is '${String(whenFull)}'; give 'block' or 'drop'`)
    if (partitionKey !== undefined)
      checkRecord(options.stream, { partitionKey, explicitHashKey: undefined, bytes: 0 }, 1)
    this.#closeWithinMs = durationMs(closeWithin, 'log transport: `closeWithin`')
    this.#spool = spool && new Spool(spool)
    try {
      this.#producer = openProducer(options)
    } catch (error) {
      this.#spool?.close()
      throw error
    }
    this.#stream = options.stream
    this.#whenFull = whenFull
    this.#putOptions = partitionKey === undefined ? {} : { partitionKey }
    if (this.#isSpooling()) this.#replaySoon(0)
  }

  /** Takes a line; resolves when there is room for the next one. */
  async ship(line: string): Promise<void> {
    while (this.#whenFull === 'block' && !this.#isSpooling() && !this.#producer.hasRoom) await this.#producer.ready()
    this.take(line)
  }

  /** The same for those who cannot wait. */
  take(line: string): void {
    if (this.#isClosed) return void this.#dropped++
    // behind those that wait on disk, or the order is lost
    if (this.#isSpooling()) return this.#append(line)
    if (!this.#producer.hasRoom) return this.#overflow(line)
    const number = this.#shipped++
    const settled = this.#put(line)
      .catch((error: unknown) => this.#failed(number, line, error))
      .then(() => {
        this.#outstanding.delete(number)
        if (this.#outstanding.size === 0) this.#keepLate()
      })
    this.#outstanding.set(number, { line, settled })
  }

  /** A line that could not even be made. */
  drop(): void {
    this.#dropped++
  }

  stats(): LogTransportStats {
    return { put: this.#producer.stats().records, dropped: this.#dropped, spooledBytes: this.#spool?.bytes ?? 0 }
  }

  /** Resolves when all that was taken is put, or in the spool. */
  async flush(): Promise<void> {
    this.#producer.flush().catch(() => undefined)
    await Promise.all(Array.from(this.#outstanding.values(), ({ settled }) => settled))
    await this.#replay()
  }

  /** Puts what waits; what cannot be put in time stays in the spool, or is lost where there is none. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    const inTime = new AbortController()
    await Promise.race([this.flush(), wait(this.#closeWithinMs, inTime.signal)])
    inTime.abort()
    this.#giveUp()
    this.#producer.abandon()
    this.#spool?.close()
  }

  #isSpooling(): boolean {
    return this.#spool !== undefined && !this.#spool.isEmpty
  }

  #put(line: string): Promise<unknown> {
    return this.#producer.put(encoder.encode(line), this.#putOptions)
  }

  #overflow(line: string): void {
    if (this.#spool === undefined) return void this.#dropped++
    // those that the producer has are older
    this.#late ??= { place: this.#spool.reserve(), lines: [], hasFailed: false }
    this.#append(line)
  }

  /** Only time cures: what the stream never takes would keep all others from it. */
  #failed(number: number, line: string, error: unknown): void {
    if (this.#spool === undefined || !(error instanceof ExpiredError)) return void this.#dropped++
    this.#late ??= { place: this.#spool.reserve(), lines: [], hasFailed: false }
    this.#late.lines.push([number, line])
    if (this.#late.hasFailed) return
    this.#late.hasFailed = true
    // those behind it would be put before it
    this.#producer.expire()
  }

  /** All that the producer had is put or has failed. */
  #keepLate(): void {
    if (this.#late === undefined) return
    const { place, lines, hasFailed } = this.#late
    this.#late = undefined
    const inOrder = lines.toSorted(([a], [b]) => a - b).map(([, line]) => line)
    let kept = 0
    try {
      kept = this.#spool?.fill(place, inOrder) ?? 0
    } catch {
      // the disk is full or gone
    }
    this.#dropped += inOrder.length - kept
    this.#replaySoon(hasFailed ? replayEveryMs : 0)
  }

  /** At the end, what is not put is kept, and what is being put. */
  #giveUp(): void {
    const left = this.#outstanding.size
    if (left > 0 && this.#spool !== undefined) {
      this.#late ??= { place: this.#spool.reserve(), lines: [], hasFailed: true }
      for (const [number, { line }] of this.#outstanding) this.#late.lines.push([number, line])
      this.#outstanding.clear()
      this.#keepLate()
    } else this.#dropped += left
    try {
      if (this.#replayed !== undefined) this.#spool?.replace(this.#replayed.name, this.#replayed.lines)
    } catch {
      // some are put again
    }
    if (left > 0 && this.#spool === undefined)
      process.emitWarning(
        `${left} lines of a log could not be put on stream ${this.#stream} within ${this.#closeWithinMs} ms, and are lost; give \`spool\` to keep them`,
        'LogTransportWarning',
      )
  }

  #append(line: string): void {
    let isKept = false
    try {
      isKept = this.#spool?.append(line) ?? false
    } catch {
      // the disk is full or gone
    }
    if (isKept) this.#replaySoon(replayEveryMs)
    else this.#dropped++
  }

  #replaySoon(ms: number): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#replay()
    }, ms).unref()
  }

  #replay(): Promise<void> {
    this.#replaying ??= this.#replayAll()
      .catch(() => this.#replaySoon(replayEveryMs))
      .finally(() => (this.#replaying = undefined))
    return this.#replaying
  }

  async #replayAll(): Promise<void> {
    // not before those that are older than all of it
    if (this.#late !== undefined) return
    for (let oldest = this.#spool?.oldest(); oldest !== undefined; oldest = this.#spool?.oldest()) {
      this.#replayed = oldest
      while (this.#replayed.lines.length > 0) {
        const hasFailed = await this.#replaySome(this.#replayed)
        if (hasFailed) return this.#replaySoon(replayEveryMs)
      }
      this.#replayed = undefined
      this.#spool?.remove(oldest.name)
    }
  }

  /** Puts the first of them; those that were not put in time stay. @returns whether there are some */
  async #replaySome(of: { readonly name: string; lines: readonly string[] }): Promise<boolean> {
    const lines = of.lines.slice(0, replayLines)
    const puts = lines.map((line) => this.#put(line))
    this.#producer.flush().catch(() => undefined)
    const results = await Promise.allSettled(puts)
    const isLate = (i: number): boolean => {
      const result = results[i]
      return result?.status === 'rejected' && result.reason instanceof ExpiredError
    }
    const late = lines.filter((_, i) => isLate(i))
    this.#dropped += results.filter(({ status }) => status === 'rejected').length - late.length
    of.lines = [...late, ...of.lines.slice(replayLines)]
    if (late.length === 0) return false
    this.#replayed = undefined
    this.#spool?.replace(of.name, of.lines)
    return true
  }
}
