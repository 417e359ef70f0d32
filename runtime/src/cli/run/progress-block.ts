import type { Progress } from '../../worker/progress.ts'
import { bytes, count, instant, span } from '../text/amounts.ts'

/** The lines that show how a job is doing; `rate` is the present one, in records a second. */
export function progressBlock(progress: Progress, rate: number): string[] {
  const { job, state, elapsedMs, records, written, watermark, lagMs, late, deadLetters, checkpoint, stateBytes } =
    progress
  const lag = lagMs === undefined ? '-' : span(lagMs)
  return [
    `${job}  ${state}, ${span(elapsedMs)}`,
    `  records       ${count(records).padEnd(20)}  ${count(rate)} records/s`,
    `  written       ${count(written)}`,
    `  watermark     ${(watermark === undefined ? '-' : instant(watermark)).padEnd(20)}  lag ${lag}`,
    `  late          ${count(late)}`,
    `  dead letters  ${count(deadLetters)}`,
    `  checkpoints   ${count(checkpoint).padEnd(20)}  state ${bytes(stateBytes)}`,
  ]
}
