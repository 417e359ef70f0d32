import type { Duration } from '../duration.ts'
import { badOption } from '../errors.ts'
import { wholeMs } from './whole-ms.ts'
import type { SlidingSpec } from './window-spec.ts'

/** Size and step of {@link sliding}. */
export interface SlidingOptions {
  /** How long a window is. */
  readonly size: Duration
  /** How often one starts; must divide `size`. Work and state grow with `size / every` only where results are emitted. */
  readonly every: Duration
}

/** Windows of one size that start every so often and overlap: a record lies in `size / every` of them. Aligned to 1970-01-01 UTC. */
export function sliding(options: SlidingOptions): SlidingSpec {
  const sizeMs = wholeMs(options.size, 'sliding: size')
  const everyMs = wholeMs(options.every, 'sliding: every')
  if (everyMs > sizeMs) throw badOption(`sliding: every (${everyMs} ms) must not be longer than size (${sizeMs} ms)`)
  if (sizeMs % everyMs !== 0) throw badOption(`sliding: every (${everyMs} ms) must divide size (${sizeMs} ms)`)
  return Object.freeze({ kind: 'sliding', sizeMs, everyMs })
}

/** Another name of {@link sliding}, as Flink and Kafka Streams call it. @alias */
export const hopping: typeof sliding = sliding
