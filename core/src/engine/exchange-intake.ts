import type { ExchangeRows, ReceivedFrames } from '../connector/exchange-rows.ts'
import type { Records } from '../connector/source.ts'
import { MillraceError } from '../errors.ts'
import type { StatefulOperator } from '../operators/stateful.ts'
import { readPuts } from '../state/delta.ts'
import { batchRecords } from '../state/emitter.ts'
import type { Intake } from './intake.ts'
import { ReceivedBatch } from './received-batch.ts'
import type { ReceiveStage } from './stage-host.ts'
import type { PartitionState } from './watermark.ts'

/** Gives what other stages have sent to the operator that it was sent for. */
export class ExchangeIntake implements Intake {
  readonly #name: string
  readonly #stage: ReceiveStage
  readonly #operator: StatefulOperator
  readonly #setHorizon: (watermark: number) => void
  readonly #batch: ReceivedBatch

  constructor(name: string, stage: ReceiveStage, operator: StatefulOperator, setHorizon: (watermark: number) => void) {
    this.#name = name
    this.#stage = stage
    this.#operator = operator
    this.#setHorizon = setHorizon
    this.#batch = new ReceivedBatch(name)
  }

  take(partition: PartitionState, { exchange }: Records<unknown>, from: number): number {
    if (exchange === undefined)
      throw new MillraceError('SOURCE', `exchange '${this.#name}' was given something else than what stages send`)
    const { rows = [] } = exchange
    const total = rowsOf(rows)
    const to = Math.min(from + batchRecords, total)
    this.#setHorizon(partition.watermark)
    this.#run(rows, from, to)
    if (to === total) this.#end(partition, exchange)
    return to
  }

  /** Takes all of it; `afterBatch` is called after each 1,024 rows. A watermark is left to whoever gives it. */
  takeAll({ rows = [], partials = [] }: ReceivedFrames, afterBatch: () => void): void {
    const total = rowsOf(rows)
    for (let from = 0; from < total; from += batchRecords) {
      this.#run(rows, from, Math.min(from + batchRecords, total))
      afterBatch()
    }
    for (const blob of partials) this.#merge(blob)
  }

  #run(rows: readonly ExchangeRows[], from: number, to: number): void {
    this.#batch.fill(rows, from, to)
    this.#stage(this.#batch, this.#batch.length)
  }

  /** The watermark comes last: it holds for what lies behind all of this. */
  #end(partition: PartitionState, { partials = [], watermark = -Infinity }: ReceivedFrames): void {
    for (const blob of partials) this.#merge(blob)
    // The end of all input is told by the end of the partition: no watermark goes back from Infinity.
    if (Number.isFinite(watermark) && watermark > partition.watermark) partition.watermark = watermark
  }

  #merge(blob: Uint8Array): void {
    readPuts(blob, (group, key, value) => {
      if (this.#operator.merge === undefined)
        throw new MillraceError(
          'CORRUPT_STATE',
          `exchange '${this.#name}' holds aggregates, which its state does not take`,
        )
      this.#operator.merge(group, key, value)
    })
  }
}

const rowsOf = (frames: readonly ExchangeRows[]): number => frames.reduce((sum, { length }) => sum + length, 0)
