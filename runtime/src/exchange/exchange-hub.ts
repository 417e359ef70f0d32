import type { ClusterBackplane, ExchangeCursor, ExchangeEntries, ExchangePartition, Position } from '@millrace/core'
import type { Logger } from '../logger.ts'
import { Backoff, messageOf } from '../worker/retry.ts'
import type { World } from '../world.ts'

/** How long nothing is asked after an answer without news, from the first such answer to the last. */
const pollMs = { least: 10, most: 100 } as const
/** Bytes that one question brings of a partition. */
const bytesARead = 512 * 1024
/** What waits untaken in a reader: no more is read for it then. */
const mostWaitingBytes = 2 * 1024 * 1024
/** Partitions a question. */
const cursorsACall = 128

/** Where answers of the hub go. */
export interface ExchangeReading extends ExchangePartition {
  /** Position of the last entry that it was given. */
  readonly after: Position
  /** Bytes that it was given and has not taken. */
  readonly waitingBytes: number
  give(found: ExchangeEntries): void
  fail(error: unknown): void
}

/** What a hub asks. */
export interface ExchangeHubOptions {
  readonly backplane: Pick<ClusterBackplane, 'readExchanges'>
  readonly world: World
  readonly log: Logger
}

/** Reads all partitions of exchanges that a worker consumes with one question at a time. */
export class ExchangeHub {
  readonly #options: ExchangeHubOptions
  readonly #readings = new Set<ExchangeReading>()
  readonly #backoff: Backoff
  #running: Promise<void> | undefined
  #waitMs: number = pollMs.least
  #resume: (() => void) | undefined
  #isClosed = false

  constructor(options: ExchangeHubOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.world)
  }

  add(reading: ExchangeReading): void {
    this.#readings.add(reading)
    this.#running ??= this.#run()
    this.wake()
  }

  remove(reading: ExchangeReading): void {
    this.#readings.delete(reading)
  }

  /** A reader has room again, or expects something. */
  wake(): void {
    this.#waitMs = pollMs.least
    this.#resume?.()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#resume?.()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const due = [...this.#readings].filter(({ waitingBytes }) => waitingBytes < mostWaitingBytes)
      const hasMore = due.length > 0 && (await this.#ask(due))
      if (hasMore) await this.#options.world.giveWay()
      else await this.#wait(this.#waitMs)
    }
  }

  /** @returns whether there is more to read at once */
  async #ask(due: readonly ExchangeReading[]): Promise<boolean> {
    try {
      let hasMore = false
      for (let at = 0; at < due.length; at += cursorsACall)
        hasMore = (await this.#askSome(due.slice(at, at + cursorsACall))) || hasMore
      this.#backoff.reset()
      return hasMore
    } catch (error) {
      const delayMs = this.#backoff.next()
      this.#options.log.warn({ err: error, delayMs: Math.round(delayMs) }, `reading exchanges failed: ${messageOf(error)}`)
      for (const reading of due) if (this.#readings.has(reading)) reading.fail(error)
      await this.#wait(delayMs)
      return false
    }
  }

  async #askSome(due: readonly ExchangeReading[]): Promise<boolean> {
    const cursors = due.map(({ exchange, partition, after }): ExchangeCursor => ({ exchange, partition, after }))
    const found = await this.#options.backplane.readExchanges(cursors, bytesARead)
    let [isNews, hasMore] = [false, false]
    found.forEach((each, i) => {
      const reading = due[i]
      if (reading === undefined || !this.#readings.has(reading)) return
      isNews ||= each.entries.length > 0
      hasMore ||= !each.atEnd
      reading.give(each)
    })
    this.#waitMs = isNews ? pollMs.least : Math.min(pollMs.most, this.#waitMs * 1.5)
    return hasMore
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#resume = undefined
        resolve()
      }
      const cancel = this.#options.world.timer(ms, end)
      this.#resume = end
    })
  }
}
