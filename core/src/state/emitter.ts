/** Records an emitter holds before it hands them on. */
export const batchRecords = 1024

/**
 * What a stateful operator has emitted and the stage behind it has not taken yet: parallel arrays, used again after
 * each flush. `marks` holds the watermark of the partition whose record caused the output, −Infinity for what the
 * operator's own watermark fired; only a record behind its mark can be late further on.
 */
export class Emitter {
  readonly values: unknown[] = []
  readonly times: Float64Array = new Float64Array(batchRecords)
  readonly marks: Float64Array = new Float64Array(batchRecords)
  /** Key of each record, its place among records of equal time. */
  readonly keys: unknown[] = []
  length = 0
  /** Number of records emitted before `values[0]` since the run began: stored, so that places stay the same after a restart. */
  sequence = 0
  #run: ((batch: Emitter, length: number) => void) | undefined

  /** Sets the stage behind; without one, records are dropped. */
  connect(run: (batch: Emitter, length: number) => void): void {
    this.#run = run
  }

  /** True when somebody reads what is pushed. */
  get connected(): boolean {
    return this.#run !== undefined
  }

  push(value: unknown, time: number, mark: number, key: unknown): void {
    if (this.length === batchRecords) this.flush()
    const at = this.length++
    this.values[at] = value
    this.times[at] = time
    this.marks[at] = mark
    this.keys[at] = key
  }

  /** Runs the stage behind over all that was pushed. */
  flush(): void {
    const { length } = this
    if (length === 0) return
    this.#run?.(this, length)
    this.sequence += length
    this.length = 0
  }
}
