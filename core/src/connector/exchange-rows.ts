/**
 * Records on their way to one partition of an exchange, as parallel columns. All that the stage behind needs: nothing of a
 * record is worked out again there.
 */
export interface ExchangeRows {
  readonly length: number
  readonly keys: readonly (string | number | bigint | boolean)[]
  readonly values: readonly unknown[]
  /** Event times, in ms since 1970. */
  readonly times: ArrayLike<number>
  /** Watermark of the partition of its source just before a record that lies behind it; −Infinity for all others. */
  readonly marks: ArrayLike<number>
  /** With `sequences`: the place among records of equal time. */
  readonly places: readonly string[]
  readonly sequences: ArrayLike<number>
}

/** What was read of one partition of an exchange, frame by frame, in order. */
export interface ReceivedFrames {
  readonly rows?: readonly ExchangeRows[]
  /** What was added up before it was sent, as `ExchangeOutput.takePartials` wrote it. */
  readonly partials?: readonly Uint8Array[]
  /** Holds once all of this is processed; undefined where more is to be read first, or where it stays as it was. */
  readonly watermark: number | undefined
}
