import type { ClusterBackplane, ExchangeCursor, ExchangeEntries, Position } from '@millrace/core'

interface Stored {
  readonly entries: { readonly position: Position; readonly bytes: Uint8Array }[]
  watermark: number | undefined
}

/** Partitions of exchanges in memory; a small stand-in for a backplane. */
export class MemoryExchange implements Pick<ClusterBackplane, 'readExchanges'> {
  readonly #partitions = new Map<string, Stored>()
  /** Of each question, the cursors: `<exchange>/<partition>@<position>`. */
  readonly calls: string[][] = []
  /** What the next questions throw. */
  readonly failures: Error[] = []
  /** Each question waits for it. */
  delay: Promise<void> | undefined

  add(exchange: string, partition: number, ...entries: readonly Uint8Array[]): this {
    const stored = this.#of(exchange, partition)
    for (const bytes of entries) stored.entries.push({ position: String(stored.entries.length + 1), bytes })
    return this
  }

  watermark(exchange: string, partition: number, watermark: number | undefined): this {
    this.#of(exchange, partition).watermark = watermark
    return this
  }

  async readExchanges(cursors: readonly ExchangeCursor[], mostBytes: number): Promise<readonly ExchangeEntries[]> {
    this.calls.push(cursors.map(({ exchange, partition, after }) => `${exchange}/${partition}@${after}`))
    await this.delay
    const failure = this.failures.shift()
    if (failure) throw failure
    return cursors.map((cursor) => this.#read(cursor, mostBytes))
  }

  #read({ exchange, partition, after }: ExchangeCursor, mostBytes: number): ExchangeEntries {
    const { entries, watermark } = this.#of(exchange, partition)
    const rest = entries.slice(Number(after))
    let bytes = 0
    const found = rest.filter((each) => (bytes += each.bytes.length) <= mostBytes)
    const some = found.length > 0 ? found : rest.slice(0, 1)
    return { entries: some, atEnd: some.length === rest.length, watermark }
  }

  #of(exchange: string, partition: number): Stored {
    const name = `${exchange}/${partition}`
    let stored = this.#partitions.get(name)
    if (stored === undefined) this.#partitions.set(name, (stored = { entries: [], watermark: -Infinity }))
    return stored
  }
}
