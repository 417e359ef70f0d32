import type { ExchangeRows, OutgoingFrame } from '@millrace/core'
import { joinFrames } from './frame-entry.ts'
import { sealFrame } from './frame.ts'
import { OutgoingRows } from './outgoing-rows.ts'
import type { RefuseRow } from './rows-frame.ts'
import { ValuePacker } from './value-packer.ts'

/** Told of a row that cannot be sent; those beside it are. */
export type Unsendable = (exchange: string, rows: ExchangeRows, row: number, error: unknown) => void

/** What a task sends to other stages, encoded as it comes, until a checkpoint takes it. */
export class Outbox {
  readonly #unsendable: Unsendable
  readonly #exchanges = new Map<string, ExchangeOutbox>()
  /** That wait: of open frames before, of others after compression. */
  bytes = 0

  constructor(unsendable: Unsendable) {
    this.#unsendable = unsendable
  }

  add(exchange: string, rows: ReadonlyMap<number, ExchangeRows>): void {
    const outbox = this.#exchange(exchange)
    for (const [partition, some] of rows) {
      const refuse: RefuseRow = (row, error) => this.#unsendable(exchange, some, row, error)
      this.bytes += outbox.add(partition, some, refuse)
    }
  }

  addPartials(exchange: string, partials: ReadonlyMap<number, Uint8Array>): void {
    const outbox = this.#exchange(exchange)
    for (const [partition, body] of partials) this.bytes += outbox.put(partition, sealFrame({ kind: 'partials', body }))
  }

  /** All that waits, in order; nothing waits after. */
  take(): OutgoingFrame[] {
    const taken = [...this.#exchanges.values()].flatMap((outbox) => outbox.take())
    this.bytes = 0
    return taken
  }

  #exchange(name: string): ExchangeOutbox {
    let outbox = this.#exchanges.get(name)
    if (outbox === undefined) this.#exchanges.set(name, (outbox = new ExchangeOutbox(name)))
    return outbox
  }
}

/** What goes to one exchange. Methods that add answer by how much more waits. */
class ExchangeOutbox {
  readonly #exchange: string
  readonly #partitions = new Map<number, OutgoingRows>()
  #packer = new ValuePacker()

  constructor(exchange: string) {
    this.#exchange = exchange
  }

  add(partition: number, rows: ExchangeRows, refuse: RefuseRow): number {
    return this.#change(partition, (outgoing) => outgoing.add(rows, refuse))
  }

  put(partition: number, frame: Uint8Array): number {
    return this.#change(partition, (outgoing) => outgoing.put(frame))
  }

  take(): OutgoingFrame[] {
    const taken: OutgoingFrame[] = []
    for (const [partition, outgoing] of this.#partitions)
      for (const bytes of joinFrames(outgoing.take())) taken.push({ exchange: this.#exchange, partition, bytes })
    return taken
  }

  #change(partition: number, change: (outgoing: OutgoingRows) => void): number {
    const outgoing = this.#outgoing(partition)
    const before = outgoing.bytes
    change(outgoing)
    return outgoing.bytes - before
  }

  #outgoing(partition: number): OutgoingRows {
    let outgoing = this.#partitions.get(partition)
    if (outgoing === undefined) {
      outgoing = new OutgoingRows(() => this.#freshPacker())
      this.#partitions.set(partition, outgoing)
    }
    return outgoing
  }

  /** The same for the frames of all partitions, so that readers know their shapes, until it knows too many. */
  #freshPacker(): ValuePacker {
    if (this.#packer.isFull) this.#packer = new ValuePacker()
    return this.#packer
  }
}
