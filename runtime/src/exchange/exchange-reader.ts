import type { Clock, ExchangeEntries, ExchangePartition, Position, Read, Reader } from '@millrace/core'
import type { World } from '../world.ts'
import type { ExchangeHub, ExchangeReading } from './exchange-hub.ts'
import { ReceivedEntries } from './received-entries.ts'

/** How long a read waits before it says that there is nothing. */
const patienceMs = 1_000

/** What an {@link ExchangeReader} reads. */
export interface ExchangeReaderOptions {
  readonly hub: ExchangeHub
  readonly at: ExchangePartition
  /** Of the last entry that was read. */
  readonly position: Position
  readonly clock: Clock
  readonly world: World
}

/** A watermark, and the position of the last entry that lies before it. */
interface Promised {
  readonly watermark: number
  readonly behind: Position
}

const nothingPromised: Promised = { watermark: -Infinity, behind: '0' }

/** Reads one partition of an exchange. A read that reaches what there is brings the watermark that holds there. */
export class ExchangeReader implements Reader<unknown>, ExchangeReading {
  readonly exchange: string
  readonly partition: number
  after: Position
  readonly #options: ExchangeReaderOptions
  readonly #entries = new ReceivedEntries()
  #position: Position
  #promised: Promised = nothingPromised
  /** The watermark that was handed over last. */
  #said = -Infinity
  #failure: { readonly error: unknown } | undefined
  /** The hub has read to the present end since the read began. */
  #isAtEnd = false
  #arrived: (() => void) | undefined

  constructor(options: ExchangeReaderOptions) {
    const { hub, at, position } = options
    this.#options = options
    this.exchange = at.exchange
    this.partition = at.partition
    this.after = this.#position = position
    hub.add(this)
  }

  get waitingBytes(): number {
    return this.#entries.bytes
  }

  give({ entries, atEnd, watermark }: ExchangeEntries): void {
    this.#entries.add(entries)
    this.after = entries.at(-1)?.position ?? this.after
    this.#failure = undefined
    this.#isAtEnd = atEnd
    // whoever sends again has not ended: the job was given more input
    if (entries.length > 0 && this.#promised.watermark === Infinity) this.#promised = nothingPromised
    // any other promise is kept, also when all fall silent after it or more comes
    if (atEnd && watermark !== undefined) this.#promised = { watermark, behind: this.after }
    if (this.#hasNews) this.#arrived?.()
  }

  fail(error: unknown): void {
    this.#failure = { error }
    this.#isAtEnd = false
    this.#arrived?.()
  }

  async read(signal: AbortSignal): Promise<Read<unknown>> {
    this.#isAtEnd = false
    while (!this.#hasNews && !this.#isAtEnd && !signal.aborted) await this.#wait(signal)
    if (this.#entries.length > 0) return this.#take()
    if (this.#failure) throw this.#failure.error
    if (!this.#hasNews) return { type: 'idle', position: this.#position }
    return this.#promised.watermark === Infinity ? { type: 'end' } : this.#take()
  }

  async close(): Promise<void> {
    this.#options.hub.remove(this)
    this.#entries.clear()
  }

  get #hasNews(): boolean {
    return this.#failure !== undefined || this.#entries.length > 0 || this.#promised.watermark > this.#said
  }

  #take(): Read<unknown> {
    const { hub, at, clock } = this.#options
    const before = this.waitingBytes
    const taken = this.#entries.take(({ bytes, position }) => hub.frames.decode(bytes, { ...at, position }))
    hub.took(this, before)
    this.#position = taken.positions.at(-1) ?? this.#position
    const arrival = clock.now()
    const position = this.#position
    return {
      type: 'records',
      exchange: { ...taken.frames, watermark: this.#watermark() },
      arrival,
      position,
      positionOf: (row) => taken.positionOf(row) ?? position,
      metaOf: () => ({ partition: String(this.partition), arrival }),
    }
  }

  /** That of the end of all input is told by the end of the partition. */
  #watermark(): number | undefined {
    const { watermark, behind } = this.#promised
    const isReached = Number(this.#position) >= Number(behind)
    if (!isReached || watermark === Infinity || watermark <= this.#said) return undefined
    this.#said = watermark
    return watermark
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        this.#arrived = undefined
        resolve()
      }
      const cancel = this.#options.world.timer(patienceMs, end)
      signal.addEventListener('abort', end)
      this.#arrived = end
    })
  }
}
