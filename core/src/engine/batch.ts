import type { Meta, Records } from '../connector/source.ts'
import { batchRecords } from '../state/emitter.ts'
import type { PartitionState } from './watermark.ts'

/** Records of one partition between codec and stage: arrays used again for every batch. */
export class Batch {
  readonly values: unknown[] = []
  /** Row of each value among the records it was decoded from. */
  readonly rows: Int32Array = new Int32Array(batchRecords)
  length = 0
  partition: PartitionState | undefined
  records: Records<unknown> | undefined
  /** Earliest arrival, in ms since 1970. */
  arrival = 0
  /** Sequence number of row 0 in its partition. */
  base = 0

  /** Metadata of a value. */
  meta(at: number): Meta {
    return (this.records as Records<unknown>).metaOf(this.rows[at] ?? 0)
  }
}
