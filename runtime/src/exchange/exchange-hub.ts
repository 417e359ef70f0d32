import type { ClusterBackplane, ExchangeEntries, ExchangePartition, Position } from '@millrace/core'
import type { Logger } from '../logger.ts'
import { Backoff, messageOf, sleep } from '../worker/retry.ts'
import { Wake } from '../worker/wake.ts'
import type { World } from '../world.ts'
import { FrameDecoder } from './frame-decoder.ts'

/** The longest wait between two questions, when nothing comes, and how the wait grows to that. */
const mostPollMs = 100
const growth = 1.5
/** Bytes that one question brings of a partition. */
const bytesARead = 512 * 1024
/** What waits untaken in a reader: no more is read for it then. */
const mostWaitingBytes = 1024 * 1024

/** Where answers of the hub go. */
export interface ExchangeReading extends ExchangePartition {
  /** Position of the last entry that it was given. */
  readonly after: Position
  /** Bytes that it was given and has not taken. */
  readonly waitingBytes: number
  give(found: ExchangeEntries): void
  /** The question has failed; it will be asked again. */
  fail(error: unknown): void
}

/** What a hub asks. */
export interface ExchangeHubOptions {
  readonly backplane: Pick<ClusterBackplane, 'readExchanges'>
  readonly world: World
  readonly log: Logger
  /** Time between two questions while records come, each as soon as all that was there is read. @default 20 */
  readonly pollMs?: number
}

/** Reads all partitions of exchanges that a worker consumes: one question for all of them, one at a time. */
export class ExchangeHub {
  readonly frames: FrameDecoder = new FrameDecoder()
  readonly #options: ExchangeHubOptions
  readonly #pollMs: number
  readonly #readings = new Set<ExchangeReading>()
  readonly #backoff: Backoff
  readonly #wake = new Wake()
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #waitMs: number

  constructor(options: ExchangeHubOptions) {
    this.#options = options
    this.#pollMs = this.#waitMs = options.pollMs ?? 20
    this.#backoff = new Backoff(options.world)
  }

  add(reading: ExchangeReading): void {
    this.#readings.add(reading)
    this.#running ??= this.#run()
    this.#wake.call()
  }

  remove(reading: ExchangeReading): void {
    this.#readings.delete(reading)
  }

  /** A reading has given room; call after it took something. `before` is what waited then. */
  took(reading: ExchangeReading, before: number): void {
    if (before >= mostWaitingBytes && reading.waitingBytes < mostWaitingBytes) this.#wake.call()
  }

  /** Resolves once nothing is asked any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake.call()
    await this.#running
  }

  async #run(): Promise<void> {
    const { world } = this.#options
    for (let waitMs = Infinity; ;) {
      await this.#wake.wait(waitMs, world)
      if (this.#closing.signal.aborted) return
      const due = [...this.#readings].filter(hasRoom)
      waitMs = due.length > 0 ? await this.#ask(due) : Infinity
      if (waitMs === 0) await world.giveWay()
    }
  }

  /** @returns how long to wait before the next question */
  async #ask(due: readonly ExchangeReading[]): Promise<number> {
    try {
      const found = await this.#options.backplane.readExchanges(due.map(cursorOf), bytesARead)
      this.#backoff.reset()
      return this.#give(due, found)
    } catch (error) {
      await this.#failed(due, error)
      return 0
    }
  }

  #give(due: readonly ExchangeReading[], found: readonly ExchangeEntries[]): number {
    let [isNews, hasMore] = [false, false]
    found.forEach((each, i) => {
      const reading = due[i]
      if (reading === undefined || !this.#readings.has(reading)) return
      reading.give(each)
      isNews ||= each.entries.length > 0
      hasMore ||= !each.atEnd && hasRoom(reading)
    })
    this.#waitMs = isNews ? this.#pollMs : Math.min(mostPollMs, this.#waitMs * growth)
    return hasMore ? 0 : this.#waitMs
  }

  async #failed(due: readonly ExchangeReading[], error: unknown): Promise<void> {
    const { log, world } = this.#options
    const delayMs = this.#backoff.next()
    log.warn({ err: error, delayMs: Math.round(delayMs) }, `exchanges could not be read: ${messageOf(error)}`)
    for (const reading of due) if (this.#readings.has(reading)) reading.fail(error)
    await sleep(delayMs, world, this.#closing.signal)
  }
}

const hasRoom = ({ waitingBytes }: ExchangeReading): boolean => waitingBytes < mostWaitingBytes

const cursorOf = ({
  exchange,
  partition,
  after,
}: ExchangeReading): ExchangePartition & { readonly after: Position } => ({
  exchange,
  partition,
  after,
})
