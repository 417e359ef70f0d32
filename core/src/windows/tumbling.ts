import type { Duration } from '../duration.ts'
import { wholeMs } from './whole-ms.ts'
import type { TumblingSpec } from './window-spec.ts'

/**
 * Windows of one size side by side: a record lies in exactly one. Aligned to 1970-01-01 UTC, so `'1h'` starts on the
 * hour and `'1d'` at midnight UTC.
 */
export const tumbling = (size: Duration): TumblingSpec =>
  Object.freeze({ kind: 'tumbling', sizeMs: wholeMs(size, 'tumbling: size') })
