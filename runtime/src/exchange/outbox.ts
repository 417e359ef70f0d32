import type { ExchangeRows, OutgoingFrame } from '@millrace/core'
import { encodePartials, encodeRows } from './frame.ts'

/** Several frames for one partition are one entry of its stream, up to this. */
const mostEntryBytes = 256 * 1024

/** What a task sends to other stages, encoded as it comes, until a checkpoint takes it. */
export class Outbox {
  readonly #frames = new Map<string, Map<number, Uint8Array[]>>()
  /** That wait. */
  bytes = 0

  add(exchange: string, rows: ReadonlyMap<number, ExchangeRows>): void {
    for (const [partition, each] of rows) this.#put(exchange, partition, encodeRows(each))
  }

  addPartials(exchange: string, partials: ReadonlyMap<number, Uint8Array>): void {
    for (const [partition, bytes] of partials) this.#put(exchange, partition, encodePartials(bytes))
  }

  /** All that waits, in order; nothing waits after. */
  take(): OutgoingFrame[] {
    const taken: OutgoingFrame[] = []
    for (const [exchange, partitions] of this.#frames)
      for (const [partition, frames] of partitions)
        for (const entry of entriesOf(frames)) taken.push({ exchange, partition, bytes: joinFrames(entry) })
    this.#frames.clear()
    this.bytes = 0
    return taken
  }

  #put(exchange: string, partition: number, frame: Uint8Array): void {
    let partitions = this.#frames.get(exchange)
    if (partitions === undefined) this.#frames.set(exchange, (partitions = new Map()))
    const frames = partitions.get(partition)
    if (frames) frames.push(frame)
    else partitions.set(partition, [frame])
    this.bytes += frame.length
  }
}

function entriesOf(frames: readonly Uint8Array[]): Uint8Array[][] {
  const entries: Uint8Array[][] = []
  let bytes = Infinity
  for (const frame of frames) {
    if (bytes + frame.length > mostEntryBytes) {
      entries.push([])
      bytes = 0
    }
    entries.at(-1)?.push(frame)
    bytes += frame.length
  }
  return entries
}

/** Frames behind each other, each after its length. */
function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(frames.reduce((sum, { length }) => sum + 4 + length, 0))
  const view = new DataView(joined.buffer)
  let at = 0
  for (const frame of frames) {
    view.setUint32(at, frame.length)
    joined.set(frame, at + 4)
    at += 4 + frame.length
  }
  return joined
}

/** The frames of an entry. */
export function* splitFrames(entry: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  for (let at = 0; at < entry.length;) {
    const length = view.getUint32(at)
    yield entry.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
}
