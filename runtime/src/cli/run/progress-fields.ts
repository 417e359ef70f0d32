import type { Progress } from '../../worker/progress.ts'

/** Progress as fields of a log line: whole numbers, moments as text. */
export const progressFields = (progress: Progress): object => ({
  state: progress.state,
  elapsedMs: Math.round(progress.elapsedMs),
  records: progress.records,
  recordsPerSecond: Math.round(progress.recordsPerSecond),
  written: progress.written,
  watermark: progress.watermark === undefined ? null : new Date(progress.watermark).toISOString(),
  lagMs: progress.lagMs ?? null,
  late: progress.late,
  deadLetters: progress.deadLetters,
  checkpoint: progress.checkpoint,
  checkpoints: progress.checkpoints,
  stateBytes: progress.stateBytes,
  partitions: progress.partitions,
})
