import { badOption } from '@millrace/core'
import { createProducer, type Producer, type ProducerOptions } from '../producer.ts'
import { Spool, type SpoolOptions } from './spool.ts'

/** Options of the log transports. */
export interface LogTransportOptions extends Omit<ProducerOptions<Uint8Array>, 'encode'> {
  /**
   * When `maxBufferedBytes` wait: `block` lets whoever logs wait, `drop` drops the line and counts it.
   *
   * @default 'block'
   */
  readonly whenFull?: 'block' | 'drop'
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

/** Puts lines of a log on a stream. It never logs itself: a transport that did would feed itself. */
export class LogShipper {
  readonly #producer: Producer<Uint8Array>
  readonly #whenFull: 'block' | 'drop'
  readonly #maxBytes: number
  readonly #spool: Spool | undefined
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #replaying: Promise<void> | undefined

  constructor({ whenFull = 'block', spool, ...options }: LogTransportOptions) {
    if (whenFull !== 'block' && whenFull !== 'drop')
      throw badOption(`log transport: \`whenFull\` is '${String(whenFull)}'; give 'block' or 'drop'`)
    this.#producer = createProducer(options)
    this.#whenFull = whenFull
    this.#maxBytes = typeof options.maxBufferedBytes === 'number' ? options.maxBufferedBytes : 4 * 1024 * 1024
    this.#spool = spool && new Spool(spool)
    if (this.#spool?.isEmpty === false) this.#replaySoon(0)
  }

  /** Takes a line; resolves when there is room for the next one. */
  async ship(line: string): Promise<void> {
    // behind those that wait on disk, or the order is lost
    if (this.#spool?.isEmpty === false) return this.#keep(line)
    const isFull = this.#producer.stats().bufferedBytes >= this.#maxBytes
    if (isFull && this.#whenFull === 'drop') return void this.#dropped++
    if (isFull) await this.#producer.ready()
    this.#producer.put(encoder.encode(line)).catch(() => this.#keep(line))
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
    clearTimeout(this.#timer)
    await this.#producer.flush()
    await this.#replay()
    clearTimeout(this.#timer)
    await this.#producer.close()
  }

  #keep(line: string): void {
    if (this.#spool?.append(line) !== true) this.#dropped++
    else this.#replaySoon(replayEveryMs)
  }

  #replaySoon(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#replay()
    }, ms).unref()
  }

  #replay(): Promise<void> {
    this.#replaying ??= this.#replayAll().finally(() => (this.#replaying = undefined))
    return this.#replaying
  }

  async #replayAll(): Promise<void> {
    for (let oldest = this.#spool?.oldest(); oldest !== undefined; oldest = this.#spool?.oldest()) {
      try {
        await Promise.all(oldest.lines.map((line) => this.#producer.put(encoder.encode(line))))
      } catch {
        // it stays as it is; what was put of it is put again
        return this.#replaySoon(replayEveryMs)
      }
      this.#spool?.remove(oldest.name)
    }
  }
}
