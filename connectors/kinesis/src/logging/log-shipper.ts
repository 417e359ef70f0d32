import { badOption } from '@millrace/core'
import { createProducer, type Producer, type ProducerOptions, type PutOptions } from '../producer.ts'
import { checkRecord } from '../writing/check-record.ts'
import { ExpiredError } from '../writing/entry.ts'
import { Spool, type SpoolOptions } from './spool.ts'

/** Options of the log transports. */
export interface LogTransportOptions extends Omit<ProducerOptions<Uint8Array>, 'encode'> {
  /**
   * When `maxBufferedBytes` wait: `block` lets whoever logs wait, `drop` drops the line and counts it.
   *
   * @default 'block'
   */
  readonly whenFull?: 'block' | 'drop'
  /** What lines are put under: one key keeps them in one shard, and with `order: 'key'` in order. @default another one for each line */
  readonly partitionKey?: string
  /** Where lines go that could not be put in time; they are put later, in order, also by the next process. @default none: they are dropped and counted */
  readonly spool?: SpoolOptions
}

/** What became of lines. */
export interface LogTransportStats {
  readonly put: number
  readonly dropped: number
  readonly spooledBytes: number
}

const replayEveryMs = 5_000
const encoder = new TextEncoder()

/** Puts lines of a log on a stream. It never logs itself, and never throws: a transport that did would feed itself, or end its process. */
export class LogShipper {
  readonly #producer: Producer<Uint8Array>
  readonly #whenFull: 'block' | 'drop'
  readonly #putOptions: PutOptions
  readonly #spool: Spool | undefined
  #dropped = 0
  /** Number of lines that the producer has. */
  #outstanding = 0
  #shipped = 0
  /** While lines fail: those of the producer that have, for their place in the spool. */
  #late: { readonly place: string; readonly lines: [number: number, line: string][] } | undefined
  #timer: NodeJS.Timeout | undefined
  #replaying: Promise<void> | undefined
  #isClosed = false

  constructor({ whenFull = 'block', spool, partitionKey, ...options }: LogTransportOptions) {
    if (whenFull !== 'block' && whenFull !== 'drop')
      throw badOption(`log transport: \`whenFull\` is '${String(whenFull)}'; give 'block' or 'drop'`)
    if (partitionKey !== undefined)
      checkRecord(options.stream, { partitionKey, explicitHashKey: undefined, bytes: 0 }, 1)
    this.#spool = spool && new Spool(spool)
    this.#producer = createProducer(options)
    this.#whenFull = whenFull
    this.#putOptions = partitionKey === undefined ? {} : { partitionKey }
    if (this.#isSpooling()) this.#replaySoon(0)
  }

  /** Takes a line; resolves when there is room for the next one. */
  async ship(line: string): Promise<void> {
    // behind those that wait on disk, or the order is lost
    if (this.#isSpooling()) return this.#append(line)
    if (!this.#producer.hasRoom) {
      if (this.#whenFull === 'drop') return void this.#dropped++
      await this.#producer.ready()
      if (this.#isSpooling()) return this.#append(line)
    }
    const number = this.#shipped++
    this.#outstanding++
    this.#put(line)
      .catch((error: unknown) => this.#failed(number, line, error))
      .finally(() => {
        this.#outstanding--
        if (this.#outstanding === 0) this.#keepLate()
      })
  }

  stats(): LogTransportStats {
    return { put: this.#producer.stats().records, dropped: this.#dropped, spooledBytes: this.#spool?.bytes ?? 0 }
  }

  async flush(): Promise<void> {
    await this.#producer.flush()
    await this.#replay()
  }

  /** Puts what waits; what cannot be put stays in the spool, or is dropped where there is none. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#producer.flush()
    await this.#replay()
    await this.#producer.close()
  }

  #isSpooling(): boolean {
    return this.#spool !== undefined && !this.#spool.isEmpty
  }

  #put(line: string): Promise<unknown> {
    return this.#producer.put(encoder.encode(line), this.#putOptions)
  }

  /** Only time cures: what the stream never takes would keep all others from it. */
  #failed(number: number, line: string, error: unknown): void {
    if (this.#spool === undefined || !(error instanceof ExpiredError)) return void this.#dropped++
    this.#late ??= { place: this.#spool.reserve(), lines: [] }
    this.#late.lines.push([number, line])
  }

  /** All that the producer had is put or has failed. */
  #keepLate(): void {
    if (this.#late === undefined) return
    const { place, lines } = this.#late
    this.#late = undefined
    const inOrder = lines.toSorted(([a], [b]) => a - b).map(([, line]) => line)
    let kept = 0
    try {
      kept = this.#spool?.fill(place, inOrder) ?? 0
    } catch {
      // the disk is full or gone
    }
    this.#dropped += inOrder.length - kept
    this.#replaySoon(replayEveryMs)
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
      const results = await Promise.allSettled(oldest.lines.map((line) => this.#put(line)))
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
      // it stays as it is; what was put of it is put again
      if (errors.some((error) => error instanceof ExpiredError)) return this.#replaySoon(replayEveryMs)
      this.#dropped += errors.length
      this.#spool?.remove(oldest.name)
    }
  }
}
