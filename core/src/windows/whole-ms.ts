import { positiveMs, type Duration } from '../duration.ts'
import { badOption } from '../errors.ts'

/** Milliseconds of the size of a window: above zero, and whole, as event times are. */
export function wholeMs(duration: Duration, field: string): number {
  const ms = positiveMs(duration, field)
  if (Number.isSafeInteger(ms)) return ms
  throw badOption(`${field}: must be whole milliseconds, not ${ms}`)
}
