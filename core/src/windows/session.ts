import type { Duration } from '../duration.ts'
import { wholeMs } from './whole-ms.ts'
import type { SessionSpec } from './window-spec.ts'

/** When a {@link session} ends. */
export interface SessionOptions {
  /** A session ends when its key had no record for so much event time. */
  readonly gap: Duration
}

/**
 * Windows of one key that last as long as its records come: from the first record to the last + `gap`. A record between
 * two sessions, closer than `gap` to both, makes them one.
 */
export const session = (options: SessionOptions): SessionSpec =>
  Object.freeze({ kind: 'session', gapMs: wholeMs(options.gap, 'session: gap') })
