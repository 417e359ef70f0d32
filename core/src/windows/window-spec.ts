/** Which records belong together: data, made by `tumbling`, `sliding`, `hopping` and `session`. All times in ms. */
export type WindowSpec = TumblingSpec | SlidingSpec | SessionSpec

/** Windows of one size, side by side, aligned to 1970-01-01 UTC: `start ≤ time < end`. */
export interface TumblingSpec {
  readonly kind: 'tumbling'
  readonly sizeMs: number
}

/** Windows of one size that start every `everyMs`: a record lies in `sizeMs / everyMs` of them. */
export interface SlidingSpec {
  readonly kind: 'sliding'
  readonly sizeMs: number
  /** Divides `sizeMs`. */
  readonly everyMs: number
}

/** Windows of one key that end when no record came for `gapMs`: `end` is the last record's time + gap. */
export interface SessionSpec {
  readonly kind: 'session'
  readonly gapMs: number
}
