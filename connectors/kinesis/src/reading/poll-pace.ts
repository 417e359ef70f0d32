/** How often a shard may be asked, and how much it gives. */
export interface PollRate {
  readonly callsPerSecond: number
  readonly bytesPerSecond: number
  /** At the tip it is asked so often, in ms. */
  readonly idleMs: number
}

const largestAnswer = 10 * 1024 * 1024
const mostBackOffMs = 10_000
const firstBackOffMs = 500

/** When the next call is due: full speed while there is a backlog, few calls at the tip, and a back-off after a throttle. */
export class PollPace {
  readonly #rate: PollRate
  readonly #random: () => number
  #dueAt = -Infinity
  #throttles = 0

  constructor(rate: PollRate, random: () => number = Math.random) {
    this.#rate = rate
    this.#random = random
  }

  /** How long until the next call, in ms. */
  untilDue(now: number): number {
    return Math.max(0, this.#dueAt - now)
  }

  /** A call has begun at `calledAt`, and answered so many bytes. */
  answered(calledAt: number, bytes: number, isAtTip: boolean): void {
    this.#throttles = 0
    const { callsPerSecond, bytesPerSecond, idleMs } = this.#rate
    const spacing = 1000 / callsPerSecond
    // after 10 MiB the service refuses everything for 5 s, and after less as long as it takes at its rate
    const paid = bytesPerSecond === Infinity ? 0 : (bytes / bytesPerSecond) * 1000
    const penalty = bytes >= largestAnswer * 0.99 && bytesPerSecond !== Infinity ? 5_000 : 0
    this.#dueAt = calledAt + Math.max(spacing, isAtTip ? idleMs : 0, paid, penalty)
  }

  /** The shard has given more than it may, to whomever: a little longer each time, and not all readers at once. */
  throttled(now: number): void {
    const most = Math.min(mostBackOffMs, firstBackOffMs * 2 ** this.#throttles)
    this.#throttles = Math.min(this.#throttles + 1, 20)
    this.#dueAt = now + most * (0.5 + this.#random() / 2)
  }
}
