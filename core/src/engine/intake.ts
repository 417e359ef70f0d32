import type { Records } from '../connector/source.ts'
import type { PartitionState } from './watermark.ts'

/** Where the records of one source enter the engine. */
export interface Intake {
  /**
   * Takes up to 1,024 rows from `from` on, through the stage behind.
   *
   * @returns the row to go on from; the number of rows when all are done
   */
  take(partition: PartitionState, records: Records<unknown>, from: number): number
}
