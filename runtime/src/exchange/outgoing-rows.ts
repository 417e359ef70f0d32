import type { ExchangeRows } from '@millrace/core'
import { type RefuseRow, RowsFrame } from './rows-frame.ts'
import type { ValuePacker } from './value-packer.ts'

/** A frame is closed when it is this large, before compression: so nothing large is left for the checkpoint to do. */
const frameBytes = 64 * 1024
/** Of values that are packed at a time. */
const blockBytes = 16 * 1024
const mostBlockRows = 256

/** What goes to one partition of an exchange. */
export class OutgoingRows {
  readonly #packer: () => ValuePacker
  #open: RowsFrame | undefined
  #frames: Uint8Array[] = []
  #frameBytes = 0
  /** Of the largest lately. */
  #bytesARow: number = blockBytes

  /** `packer` is asked for each frame. */
  constructor(packer: () => ValuePacker) {
    this.#packer = packer
  }

  /** That wait. */
  get bytes(): number {
    return this.#frameBytes + (this.#open?.bytes ?? 0)
  }

  add(rows: ExchangeRows, refuse: RefuseRow): void {
    for (let from = 0; from < rows.length;) {
      const to = Math.min(rows.length, from + this.#blockRows)
      this.#addBlock(rows, from, to, refuse)
      from = to
    }
  }

  /** A frame that is whole. */
  put(frame: Uint8Array): void {
    this.#close()
    this.#keep(frame)
  }

  /** The frames that wait, in order; none waits after. */
  take(): Uint8Array[] {
    this.#close()
    const frames = this.#frames
    this.#frames = []
    this.#frameBytes = 0
    return frames
  }

  get #blockRows(): number {
    return Math.max(1, Math.min(mostBlockRows, Math.floor(blockBytes / this.#bytesARow)))
  }

  #addBlock(rows: ExchangeRows, from: number, to: number, refuse: RefuseRow): void {
    const frame = (this.#open ??= new RowsFrame(this.#packer()))
    const before = frame.bytes
    frame.add(rows, from, to, refuse)
    this.#bytesARow = Math.max(1, (frame.bytes - before) / (to - from), this.#bytesARow / 4)
    if (frame.bytes >= frameBytes) this.#close()
  }

  #close(): void {
    const frame = this.#open
    this.#open = undefined
    if (frame && frame.length > 0) this.#keep(frame.seal())
  }

  #keep(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#frameBytes += frame.length
  }
}
