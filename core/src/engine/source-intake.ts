import type { Decoder } from '../connector/codec.ts'
import type { Records } from '../connector/source.ts'
import { MillraceError } from '../errors.ts'
import { batchRecords } from '../state/emitter.ts'
import type { SourceNode } from '../topology/node.ts'
import { Batch } from './batch.ts'
import type { Intake } from './intake.ts'
import type { Letters } from './letters.ts'
import type { SourceStage } from './stage-host.ts'
import type { PartitionState } from './watermark.ts'

/** Decodes what a reader gave and runs it through the stage behind its source. */
export class SourceIntake implements Intake {
  readonly #node: SourceNode
  readonly #stage: SourceStage
  readonly #letters: Letters
  readonly #setHorizons: (partition: PartitionState) => void
  readonly #decoder: Decoder<unknown> | undefined
  readonly #batch = new Batch()

  constructor(
    node: SourceNode,
    stage: SourceStage,
    letters: Letters,
    setHorizons: (partition: PartitionState) => void,
  ) {
    this.#node = node
    this.#stage = stage
    this.#letters = letters
    this.#setHorizons = setHorizons
    this.#decoder = node.source.codec?.decoder()
  }

  take(partition: PartitionState, records: Records<unknown>, from: number): number {
    const batch = this.#batch
    batch.partition = partition
    batch.records = records
    batch.arrival = records.arrival
    batch.base = partition.count - from
    const to = this.#decode(records, from)
    this.#setHorizons(partition)
    this.#stage(batch, batch.length)
    return to
  }

  #decode(records: Records<unknown>, from: number): number {
    const { slab, values = [] } = records
    const batch = this.#batch
    if (slab !== undefined) {
      if (this.#decoder === undefined)
        throw new MillraceError('SOURCE', `source '${this.#node.name}' gave bytes, but has no codec to decode them`)
      const to = Math.min(from + batchRecords, slab.length)
      const refuse = (row: number, error: unknown): void => this.#letters.undecodable(this.#node, records, row, error)
      batch.length = this.#decoder.decode(slab, from, to, batch.values, batch.rows, refuse)
      return to
    }
    const to = Math.min(from + batchRecords, values.length)
    for (let row = from; row < to; row++) {
      batch.values[row - from] = values[row]
      batch.rows[row - from] = row
    }
    batch.length = to - from
    return to
  }
}
