import type { ExchangeRows } from '../connector/exchange-rows.ts'
import { batchRecords } from '../state/emitter.ts'

/** Rows of an exchange on their way into a stage: arrays used again for every batch. */
export class ReceivedBatch {
  /** Of the exchange: where its records come from. */
  readonly name: string
  readonly keys: unknown[] = []
  readonly values: unknown[] = []
  readonly times: Float64Array = new Float64Array(batchRecords)
  readonly marks: Float64Array = new Float64Array(batchRecords)
  readonly places: string[] = []
  readonly sequences: Float64Array = new Float64Array(batchRecords)
  length = 0

  constructor(name: string) {
    this.name = name
  }

  /** Takes the rows from number `from` to `to` of all frames, counted through. */
  fill(frames: readonly ExchangeRows[], from: number, to: number): void {
    this.length = 0
    let before = 0
    for (const rows of frames) {
      const end = Math.min(to - before, rows.length)
      for (let row = Math.max(from - before, 0); row < end; row++) this.#push(rows, row)
      before += rows.length
      if (before >= to) return
    }
  }

  #push(rows: ExchangeRows, row: number): void {
    const at = this.length++
    this.keys[at] = rows.keys[row]
    this.values[at] = rows.values[row]
    this.times[at] = rows.times[row] ?? NaN
    this.marks[at] = rows.marks[row] ?? -Infinity
    this.places[at] = rows.places[row] ?? ''
    this.sequences[at] = rows.sequences[row] ?? 0
  }
}
