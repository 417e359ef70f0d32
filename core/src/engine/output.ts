import type { SinkBatch } from '../connector/sink.ts'

/** Output of a sink node that waits to be written. */
export class Output {
  readonly sink: string
  length = 0
  #values: unknown[] = []
  #times = new Float64Array(1024)

  constructor(sink: string) {
    this.sink = sink
  }

  push(value: unknown, time: number): void {
    const at = this.length++
    if (at === this.#times.length) this.#grow()
    this.#values.push(value)
    this.#times[at] = time
  }

  /** Hands over what waits; undefined when nothing does. */
  take(): SinkBatch<unknown> | undefined {
    const { length } = this
    if (length === 0) return undefined
    const batch = { length, values: this.#values, times: this.#times.slice(0, length) }
    this.#values = []
    this.length = 0
    return batch
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2)
    times.set(this.#times)
    this.#times = times
  }
}
