interface SimEvent {
  readonly at: number
  readonly number: number
  readonly fire: () => void
}

/** Time that passes from event to event; events of one time come in the order in which they were set. */
export class SimClock {
  readonly #events: SimEvent[] = []
  #number = 0
  /** Since the beginning, in ms. */
  now = 0

  /** @returns what calls it off */
  after(ms: number, fire: () => void): () => void {
    const event = { at: this.now + Math.max(0, ms), number: this.#number++, fire }
    this.#push(event)
    return () => {
      const at = this.#events.indexOf(event)
      if (at >= 0) this.#events[at] = { ...event, fire: () => undefined }
    }
  }

  /** Lets time pass until it is so, or `most` ms are over. @returns whether it is so */
  async until(isSo: () => boolean, most: number): Promise<boolean> {
    const end = this.now + most
    for (;;) {
      // all that promises have to say comes before the next event
      await new Promise((resolve) => setImmediate(resolve))
      if (isSo()) return true
      const next = this.#events[0]
      if (next === undefined || next.at > end) {
        this.now = Math.max(this.now, Math.min(end, next?.at ?? end))
        return false
      }
      this.now = next.at
      this.#pop()?.fire()
    }
  }

  #push(event: SimEvent): void {
    let at = this.#events.push(event) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (isBefore(this.#events[up], event)) break
      this.#events[at] = this.#events[up] as SimEvent
      at = up
    }
    this.#events[at] = event
  }

  #pop(): SimEvent | undefined {
    const first = this.#events[0]
    const last = this.#events.pop()
    if (last === undefined || this.#events.length === 0) return first
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= this.#events.length) break
      if (isBefore(this.#events[down + 1], this.#events[down])) down++
      if (isBefore(last, this.#events[down])) break
      this.#events[at] = this.#events[down] as SimEvent
      at = down
    }
    this.#events[at] = last
    return first
  }
}

function isBefore(a: SimEvent | undefined, b: SimEvent | undefined): boolean {
  if (a === undefined || b === undefined) return b === undefined && a !== undefined
  return a.at < b.at || (a.at === b.at && a.number < b.number)
}
