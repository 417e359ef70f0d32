import { badOption } from './errors.ts'

/** A span of time: milliseconds, or a number with a unit: `'250ms'`, `'5s'`, `'10m'`, `'2h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a {@link Duration}; `field` names the option in the error. Refuses negative and non-finite spans. */
export function durationMs(duration: Duration | string, field: string): number {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : undefined
  const ms = typeof duration === 'number' ? duration : match ? Number(match[1]) * (unitMs[match[2] ?? ''] ?? NaN) : NaN
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw badOption(
    `${field}: ${JSON.stringify(duration)} is not a duration; write milliseconds or one like '5s', '10m', '2h'`,
  )
}

/** Like {@link durationMs}, and refuses zero. */
export function positiveMs(duration: Duration | string, field: string): number {
  const ms = durationMs(duration, field)
  if (ms > 0) return ms
  throw badOption(`${field}: must be longer than zero`)
}
