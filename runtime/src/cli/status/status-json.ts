import type { StatusReport } from './status-report.ts'

/** A status for programs: moments as ISO 8601; a watermark before the first event time or after the last is null. */
export function statusJson(report: StatusReport): object {
  const { now, sources, exchanges, tasks } = report
  return {
    ...report,
    now: new Date(now).toISOString(),
    sources: sources.map(withMoments),
    exchanges: exchanges.map(withMoments),
    tasks: tasks.map(({ takenAt, owner, ageMs, ...task }) =>
      withMoments({ ...task, owner: owner ?? null, takenAt: moment(takenAt), ageMs: ageMs ?? null }),
    ),
  }
}

const withMoments = <T extends { readonly watermark: number | undefined; readonly lagMs: number | undefined }>(
  line: T,
): object => ({ ...line, watermark: moment(line.watermark), lagMs: line.lagMs ?? null })

const moment = (ms: number | undefined): string | null =>
  ms !== undefined && Number.isFinite(ms) ? new Date(ms).toISOString() : null
