import type {
  ExchangeEntries,
  ExchangePartition,
  ExchangeRows,
  Partition,
  PartitionList,
  Position,
  Read,
  Reader,
  Source,
  SourceContext,
} from '@millrace/core'
import type { World } from '../world.ts'
import type { ExchangeHub, ExchangeReading } from './exchange-hub.ts'
import { decodeFrame } from './frame.ts'
import { splitFrames } from './outbox.ts'

/** How long a read waits before it says that there is nothing. */
const patienceMs = 1_000
/** Small frames are joined to reads of about this many rows. */
const rowsARead = 8192

/** One partition of an exchange, as the source of the task behind it. Ends when all that send to it have ended. */
export const exchangeSource = (
  hub: ExchangeHub,
  partition: ExchangePartition,
  world: World,
): Source<unknown> => ({
  kind: 'exchange',
  description: `exchange(${partition.exchange}/${partition.partition})`,
  async *partitions(): AsyncGenerator<PartitionList> {
    yield { partitions: [{ id: String(partition.partition) }], final: true }
  },
  resolve: async () => '0',
  open: async (_: Partition, position: Position, context: SourceContext): Promise<Reader<unknown>> =>
    new ExchangeReader(hub, partition, position, context, world),
  compare: (a, b) => Number(a) - Number(b),
})

class ExchangeReader implements Reader<unknown>, ExchangeReading {
  readonly exchange: string
  readonly partition: number
  readonly #hub: ExchangeHub
  readonly #context: SourceContext
  readonly #world: World
  after: Position
  waitingBytes = 0
  #position: Position
  #entries: { readonly position: Position; readonly bytes: Uint8Array }[] = []
  /** Holds once all entries are read. */
  #watermark: number | undefined
  #said = -Infinity
  #failure: { readonly error: unknown } | undefined
  #arrived: (() => void) | undefined

  constructor(hub: ExchangeHub, at: ExchangePartition, position: Position, context: SourceContext, world: World) {
    this.#hub = hub
    this.exchange = at.exchange
    this.partition = at.partition
    this.after = this.#position = position
    this.#context = context
    this.#world = world
    hub.add(this)
  }

  give({ entries, atEnd, watermark }: ExchangeEntries): void {
    this.#entries.push(...entries)
    for (const { bytes } of entries) this.waitingBytes += bytes.length
    this.after = entries.at(-1)?.position ?? this.after
    this.#watermark = atEnd ? watermark : undefined
    if (this.#hasNews) this.#arrived?.()
  }

  fail(error: unknown): void {
    this.#failure = { error }
    this.#arrived?.()
  }

  async read(signal: AbortSignal): Promise<Read<unknown>> {
    if (!this.#hasNews) await this.#wait(signal)
    if (this.#failure) throw this.#failure.error
    if (!this.#hasNews) return { type: 'idle', position: this.#position }
    if (this.#entries.length === 0 && this.#watermark === Infinity) return { type: 'end' }
    return this.#take()
  }

  async close(): Promise<void> {
    this.#hub.remove(this)
  }

  get #hasNews(): boolean {
    return this.#failure !== undefined || this.#entries.length > 0 || (this.#watermark ?? -Infinity) > this.#said
  }

  #take(): Read<unknown> {
    const rows: ExchangeRows[] = []
    const partials: Uint8Array[] = []
    const wasFull = this.waitingBytes
    let count = 0
    let taken = 0
    for (const { position, bytes } of this.#entries) {
      if (count >= rowsARead) break
      const where = `exchange ${this.exchange}, partition ${this.partition}, position ${position}`
      for (const each of splitFrames(bytes)) {
        const frame = decodeFrame(each, where)
        if (frame.kind === 'partials') partials.push(frame.bytes)
        else rows.push(frame.rows)
        count += frame.kind === 'rows' ? frame.rows.length : 64
      }
      this.#position = position
      this.waitingBytes -= bytes.length
      taken++
    }
    this.#entries.splice(0, taken)
    if (wasFull > 0) this.#hub.wake()
    return this.#records(rows, partials)
  }

  #records(rows: readonly ExchangeRows[], partials: readonly Uint8Array[]): Read<unknown> {
    const isEnd = this.#entries.length === 0 && Number.isFinite(this.#watermark ?? NaN)
    const watermark = isEnd ? this.#watermark : undefined
    if (watermark !== undefined) this.#said = watermark
    const arrival = this.#context.clock.now()
    const position = this.#position
    return {
      type: 'records',
      exchange: { ...(rows.length > 0 && { rows }), ...(partials.length > 0 && { partials }), watermark },
      arrival,
      position,
      positionOf: () => position,
      metaOf: () => ({ partition: String(this.partition), arrival }),
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        this.#arrived = undefined
        resolve()
      }
      const cancel = this.#world.timer(patienceMs, end)
      signal.addEventListener('abort', end)
      this.#arrived = end
    })
  }
}
