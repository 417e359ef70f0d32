/** How much a new measurement counts against those before. */
const weight = 0.3

/** Records a second of a task, smoothed. */
export class TaskRate {
  #records = 0
  #at: number
  #rate = 0
  #isFirst = true

  /** `at` is when the task began, by the clock for intervals. */
  constructor(at: number) {
    this.#at = at
  }

  /** Takes the count of records since the task began, at an instant. @returns records a second */
  measure(records: number, at: number): number {
    const elapsedMs = at - this.#at
    if (elapsedMs <= 0) return this.#rate
    const now = ((records - this.#records) / elapsedMs) * 1000
    this.#rate = this.#isFirst ? now : this.#rate + weight * (now - this.#rate)
    this.#isFirst = false
    this.#records = records
    this.#at = at
    return this.#rate
  }
}
