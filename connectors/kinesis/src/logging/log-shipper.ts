import { badOption, type Duration, durationMs } from '@millrace/core'
import { type AbandonableProducer, openProducer, type ProducerOptions, type PutOptions } from '../producer.ts'
import { wait } from '../reading/wait.ts'
import { ExpiredError } from '../writing/entry.ts'
import { checkKey } from '../writing/record-key.ts'
import { Losses, warn } from './losses.ts'
import { Replay, type ReplayHost } from './replay.ts'
import { Spool, type SpoolOptions } from './spool.ts'

/** Options of the log transports. */
export interface LogTransportOptions extends Omit<ProducerOptions<Uint8Array>, 'encode'> {
  /**
   * When `maxBufferedBytes` wait, and the spool is full, too, if there is one: `block` lets whoever logs wait (pino keeps its lines in memory
   * meanwhile), `drop` drops the line and counts it.
   *
   * @default 'block'
   */
  readonly whenFull?: 'block' | 'drop'
  /** What lines are put under: one key keeps them in one shard, and with `order: 'key'` in order. @default another one for each line */
  readonly partitionKey?: string
  /**
   * Where lines go that could not be put in time, or for which `maxBufferedBytes` have no room; they are put later, in order, also by the next
   * process.
   *
   * @default none: what could not be put in time is dropped and counted
   */
  readonly spool?: SpoolOptions
  /**
   * How long the end of the log waits for the stream; what is not put by then goes to the spool; what finds no room there is lost, with a
   * warning. The threads of pino have 10 seconds.
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
  settled: Promise<void>
}

const encoder = new TextEncoder()

/** Puts lines of a log on a stream. It never logs itself, and never throws: a transport that did would feed itself, or end its process. */
export class LogShipper {
  readonly #producer: AbandonableProducer<Uint8Array>
  readonly #whenFull: 'block' | 'drop'
  readonly #closeWithinMs: number
  readonly #putOptions: PutOptions
  readonly #spool: Spool | undefined
  readonly #replay: Replay | undefined
  readonly #losses: Losses
  #shipped = 0
  /** By number, in order. */
  readonly #outstanding = new Map<number, Outstanding>()
  /** While lines go to the spool behind those that the producer has: these, as far as they fail, for their place before them. */
  #late: { readonly place: string; readonly lines: [number: number, line: string][] } | undefined
  /** Those who wait for room. */
  #waiting: (() => void)[] = []
  /** When the end has no time left. */
  #end: { readonly timeUp: Promise<void>; isTimeUp: boolean } | undefined
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined

  constructor({ whenFull = 'block', spool, partitionKey, closeWithin = '5s', ...options }: LogTransportOptions) {
    if (whenFull !== 'block' && whenFull !== 'drop')
      throw badOption(`log transport: \`whenFull\` is '${String(whenFull)}'; give 'block' or 'drop'`)
    if (partitionKey !== undefined) checkKey(options.stream, partitionKey, undefined)
    this.#closeWithinMs = durationMs(closeWithin, 'log transport: `closeWithin`')
    this.#spool = spool && new Spool(spool)
    try {
      this.#producer = openProducer(options, spool && (() => this.#expired()))
    } catch (error) {
      this.#spool?.close()
      throw error
    }
    this.#losses = new Losses(options.stream)
    this.#whenFull = whenFull
    this.#putOptions = partitionKey === undefined ? {} : { partitionKey }
    this.#replay = this.#spool && new Replay(this.#spool, this.#replayHost(options.stream))
    if (this.#isSpooling) this.#replay?.soon(0)
  }

  /** Takes a line; resolves when it has taken it. */
  async ship(line: string): Promise<void> {
    while (this.#whenFull === 'block' && !this.#hasRoom(line) && this.#end?.isTimeUp !== true)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.take(line)
  }

  /** The same for those who cannot wait. */
  take(line: string): void {
    if (this.#closing !== undefined) return this.#losses.add(1, 'came after the end of the log')
    // behind those that wait on disk, or the order is lost
    if (this.#isSpooling) return this.#append(line)
    if (!this.#producer.hasRoom) return this.#overflow(line)
    const number = this.#shipped++
    const outstanding: Outstanding = { line, settled: Promise.resolve() }
    // it may be the one that finds that all have expired
    this.#outstanding.set(number, outstanding)
    outstanding.settled = this.#put(line)
      .catch((error: unknown) => this.#failed(number, line, error))
      .then(() => this.#settled(number))
  }

  /** A line that could not even be made. */
  drop(): void {
    this.#losses.add(1, 'cannot be written as JSON; give the logger a format')
  }

  stats(): LogTransportStats {
    return { put: this.#producer.stats().records, dropped: this.#losses.count, spooledBytes: this.#spool?.bytes ?? 0 }
  }

  /** Resolves when all that was taken is put, or in the spool. */
  async flush(): Promise<void> {
    this.#producer.flush().catch(() => undefined)
    await Promise.all(Array.from(this.#outstanding.values(), ({ settled }) => settled))
    await this.#replay?.run()
  }

  /** {@link LogShipper.close} follows, after some more lines: from now on, nobody waits for longer than that may take. */
  beginClose(): void {
    if (this.#end !== undefined) return
    const timeUp = wait(this.#closeWithinMs, this.#closed.signal)
    const end = { timeUp, isTimeUp: false }
    this.#end = end
    void timeUp.then(() => {
      end.isTimeUp = true
      this.#notify()
    })
  }

  /** Puts what waits; what cannot be put in time stays in the spool, or is lost where there is none. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.beginClose()
    await Promise.race([this.flush(), this.#end?.timeUp])
    this.#closed.abort()
    this.#giveUp()
    this.#producer.abandon()
    this.#spool?.close()
  }

  get #isSpooling(): boolean {
    return this.#spool?.isEmpty === false && this.#replay?.isHandedOver !== true
  }

  #hasRoom(line: string): boolean {
    return (!this.#isSpooling && this.#producer.hasRoom) || this.#spool?.hasRoom(line) === true
  }

  #put(line: string): Promise<unknown> {
    return this.#producer.put(encoder.encode(line), this.#putOptions)
  }

  #overflow(line: string): void {
    this.#keepPlace()
    this.#append(line)
  }

  /** Of those that the producer has: they are older than what goes to the spool from now on. */
  #keepPlace(): void {
    if (this.#spool !== undefined && this.#outstanding.size > 0)
      this.#late ??= {
        place: this.#spool.reserve(Array.from(this.#outstanding.values(), ({ line }) => line)),
        lines: [],
      }
  }

  /** Nothing that comes from now on may be put before what could not be put in time. */
  #expired(): void {
    this.#replay?.expired()
    this.#keepPlace()
  }

  /** Only time cures: what the stream never takes would keep all others from it. */
  #failed(number: number, line: string, error: unknown): void {
    if (this.#late !== undefined && error instanceof ExpiredError) this.#late.lines.push([number, line])
    else this.#losses.add(1, error instanceof ExpiredError ? unspooled : `are not taken: ${(error as Error).message}`)
  }

  #settled(number: number): void {
    this.#outstanding.delete(number)
    if (this.#outstanding.size === 0) this.#keepLate()
    this.#notify()
  }

  /** All that the producer had is put or has failed. */
  #keepLate(): void {
    if (this.#late === undefined) return
    const { place, lines } = this.#late
    this.#late = undefined
    const inOrder = lines.toSorted(([a], [b]) => a - b).map(([, line]) => line)
    try {
      const kept = this.#spool?.fill(place, inOrder) ?? 0
      this.#losses.add(inOrder.length - kept, noRoom)
    } catch (error) {
      this.#losses.add(inOrder.length, unwritable(error))
    }
    this.#replay?.soon(lines.length > 0 ? undefined : 0)
  }

  #append(line: string): void {
    if (this.#spool === undefined) return this.#losses.add(1, unspooled)
    try {
      if (this.#spool.append(line)) this.#replay?.soon()
      else this.#losses.add(1, noRoom)
    } catch (error) {
      this.#losses.add(1, unwritable(error))
    }
  }

  #replayHost(stream: string): ReplayHost {
    const producer = this.#producer
    const isLate = (): boolean => this.#late !== undefined
    return {
      put: (line) => this.#put(line),
      get hasRoom() {
        return producer.hasRoom
      },
      flush: () => void producer.flush().catch(() => undefined),
      get mustWait() {
        return isLate()
      },
      changed: () => this.#notify(),
      refused: (error) => this.#losses.add(1, `are not taken: ${error.message}`),
      failed: (error) => warn(`the spool of stream ${stream}: ${error.message}`),
    }
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** At the end, what is not put is kept, and what is being put. */
  #giveUp(): void {
    this.#keepPlace()
    if (this.#late === undefined) this.#losses.add(this.#outstanding.size, unspooled)
    for (const [number, { line }] of this.#outstanding) this.#late?.lines.push([number, line])
    this.#outstanding.clear()
    this.#keepLate()
    this.#replay?.end()
    this.#losses.tell()
  }
}

const unspooled = 'could not be put in time; give `spool` to keep them'
const noRoom = 'could not be put in time, and `spool.maxBytes` have no room for them'
const unwritable = (error: unknown): string =>
  `could not be put in time, nor written to the spool: ${(error as Error).message}`
