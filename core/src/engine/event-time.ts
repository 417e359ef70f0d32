import { MillraceError } from '../errors.ts'

/** Event time of a Date; NaN for what is none. */
export const timeOf = (found: unknown): number => (found instanceof Date ? found.getTime() : NaN)

/** Why a time cannot be the event time of a record. */
export function badTime(time: number, arrival: number): MillraceError {
  if (Number.isNaN(time))
    return new MillraceError('BAD_TIME', 'the event time is not a number of ms since 1970 nor a Date')
  if (time < 0) return new MillraceError('BAD_TIME', `the event time ${time} lies before 1970`)
  return new MillraceError(
    'BAD_TIME',
    `the event time ${dateOf(time)} lies further than maxAhead past the arrival of the record, ${dateOf(arrival)}`,
  )
}

/** The last time that a Date can hold. */
const endOfTime = 8.64e15

const dateOf = (time: number): string => (Math.abs(time) <= endOfTime ? new Date(time).toISOString() : String(time))

/** The latest event time that a record may have. */
export const latestTime = (arrival: number, maxAheadMs: number): number => Math.min(arrival + maxAheadMs, endOfTime)
