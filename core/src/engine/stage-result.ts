import type { ReceivedFrames } from '../connector/exchange-rows.ts'
import type { DeadLetter } from '../topology/dead-letter.ts'
import type { InputPartition } from './engine.ts'

/** How far a partition came where its rows were processed. */
export interface PartitionMove {
  readonly partition: InputPartition
  /** In ms since 1970. */
  readonly watermark: number
  /** Rows taken so far, from the first on. */
  readonly count: number
}

/** What a source stage, run by another engine, made of its rows. */
export interface StageResult {
  /** What it sends, by state name. Watermarks in it are left out of account: partitions have their own. */
  readonly exchanges: Iterable<readonly [state: string, frames: ReceivedFrames]>
  readonly letters: readonly DeadLetter[]
  readonly partitions: readonly PartitionMove[]
}
