import type { ExchangeEntries, ExchangeRows, Position } from '@millrace/core'
import type { Frame } from './frame-decoder.ts'

/** Small entries are joined to reads of about so many rows, or bytes before compression. */
const rowsARead = 8192
const bytesARead = 1024 * 1024

type Entry = ExchangeEntries['entries'][number]

/** Entries of one partition that were read and not taken. */
export class ReceivedEntries {
  #entries: Entry[] = []
  /** As they were read. */
  bytes = 0

  get length(): number {
    return this.#entries.length
  }

  add(entries: readonly Entry[]): void {
    this.#entries.push(...entries)
    for (const { bytes } of entries) this.bytes += bytes.length
  }

  /** Some of them, whole, in order: at least one if there is one. */
  take(decode: (entry: Entry) => readonly Frame[]): TakenEntries {
    const taken = new TakenEntries()
    for (const entry of this.#entries) {
      if (taken.isFull) break
      for (const frame of decode(entry)) taken.add(frame)
      taken.end(entry.position)
      this.bytes -= entry.bytes.length
    }
    this.#entries.splice(0, taken.positions.length)
    return taken
  }

  clear(): void {
    this.#entries = []
    this.bytes = 0
  }
}

/** Entries that were decoded together. */
class TakenEntries {
  readonly positions: Position[] = []
  /** Of the entry with the same index: the number of rows up to its end. */
  readonly #ends: number[] = []
  readonly #rows: ExchangeRows[] = []
  readonly #partials: Uint8Array[] = []
  #count = 0
  #bytes = 0

  get isFull(): boolean {
    return this.#count >= rowsARead || this.#bytes >= bytesARead
  }

  get frames(): { readonly rows?: readonly ExchangeRows[]; readonly partials?: readonly Uint8Array[] } {
    const [rows, partials] = [this.#rows, this.#partials]
    return { ...(rows.length > 0 && { rows }), ...(partials.length > 0 && { partials }) }
  }

  add(frame: Frame): void {
    this.#bytes += frame.bytes
    if (frame.kind === 'partials') this.#partials.push(frame.partials)
    else this.#rows.push(frame.rows)
    if (frame.kind === 'rows') this.#count += frame.rows.length
  }

  /** The entry at this position has no more frames. */
  end(position: Position): void {
    this.positions.push(position)
    this.#ends.push(this.#count)
  }

  /** That of the entry in which the row lies. */
  positionOf(row: number): Position | undefined {
    return this.positions[this.#ends.findIndex((end) => row < end)]
  }
}
