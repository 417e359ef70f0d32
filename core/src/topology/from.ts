import type { Meta, Source } from '../connector/source.ts'
import { durationMs, positiveMs, type Duration } from '../duration.ts'
import type { FieldsOf } from './key.ts'
import { callerLocation } from './location.ts'
import { misuse } from './misuse.ts'
import type { Location, OnError, SourceNode } from './node.ts'
import type { Problem } from './problem.ts'

/** When the records of a source happened, and how late they may come. */
export interface FromOptions<T, M extends Meta = Meta> {
  /**
   * Event time of a record: a field that holds milliseconds since 1970 or a Date, or a function. NaN, a negative time
   * and one past `maxAhead` are refused.
   * @default the arrival of the record
   */
  readonly eventTime?: TimeField<T> | ((value: T, meta: M) => number | Date)
  /** How much earlier than one before it in its partition a record may be without being late. @default 0 */
  readonly outOfOrderness?: Duration
  /**
   * How long a partition may have nothing new before windows no longer wait for it. Without, one silent partition holds
   * back all windows.
   * @default never
   */
  readonly idleAfter?: Duration
  /** How far past its arrival an event time may lie before it is taken for a mistake. @default '1h' */
  readonly maxAhead?: Duration
  /** What happens to a record that does not decode or whose time is refused. @default 'deadLetter' */
  readonly onError?: OnError
}

type TimeField<T> = [FieldsOf<T, number | Date>] extends [never]
  ? Problem<'no field of these records is a number or a Date; give eventTime a function'>
  : FieldsOf<T, number | Date>

/** A source and how its records are timed; `sources()` gives it its name. Inert data. */
export interface SourceDefinition<out T> extends Pick<
  SourceNode,
  'source' | 'eventTime' | 'outOfOrdernessMs' | 'idleAfterMs' | 'maxAheadMs' | 'onError'
> {
  readonly at: Location
  readonly _type?: T
}

/** Makes a source part of a topology. Nothing connects. */
export function from<T, M extends Meta>(
  source: Source<T, M>,
  options: FromOptions<NoInfer<T>, M> = {},
): SourceDefinition<T> {
  const at = callerLocation()
  if (typeof source?.open !== 'function') throw misuse('from() needs a source, e.g. file({ … })', at)
  const { eventTime, outOfOrderness = 0, idleAfter, maxAhead = '1h', onError = 'deadLetter' } = options
  return Object.freeze({
    source,
    // The function is called with what its own source makes, so its narrower `meta` is safe.
    ...(eventTime === undefined ? {} : { eventTime: eventTime as NonNullable<SourceNode['eventTime']> }),
    outOfOrdernessMs: durationMs(outOfOrderness, 'from: outOfOrderness'),
    ...(idleAfter === undefined ? {} : { idleAfterMs: positiveMs(idleAfter, 'from: idleAfter') }),
    maxAheadMs: durationMs(maxAhead, 'from: maxAhead'),
    onError,
    at,
  })
}
