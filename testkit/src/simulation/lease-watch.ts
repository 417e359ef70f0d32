import type { Lease } from '@millrace/core'

/** When something happened, by the right time. */
export interface Moment {
  readonly at: number
  /** Leases of another era are void, or their time is not what it was. */
  readonly era: number
  readonly leaseMs: number
}

/** Watches that no lease is given to another before it has run out. */
export class LeaseWatch {
  readonly #held = new Map<string, Moment & Pick<Lease, 'nonce' | 'owner'>>()

  /** @returns what is wrong with that */
  granted({ task, nonce, owner }: Lease, moment: Moment): string[] {
    const held = this.#held.get(task)
    // the answer to the same request once more
    if (held?.nonce === nonce) return []
    this.#held.set(task, { ...moment, nonce, owner })
    if (held === undefined || held.era !== moment.era) return []
    const left = held.at + held.leaseMs - moment.at
    return left > 1
      ? [`${held.owner} had the lease of ${task} for another ${Math.round(left)} ms when it was given to ${owner}`]
      : []
  }

  renewed({ task, nonce, owner }: Lease, moment: Moment): void {
    if (this.#held.get(task)?.nonce === nonce) this.#held.set(task, { ...moment, nonce, owner })
  }

  released({ task, nonce }: Lease): void {
    if (this.#held.get(task)?.nonce === nonce) this.#held.delete(task)
  }
}
