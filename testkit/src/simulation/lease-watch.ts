import type { Lease } from '@millrace/core'

/** When and where something happened, by the right time. */
export interface Moment {
  readonly at: number
  /** Id of the server that did it: of two, each has leases of its own. */
  readonly server: string
  /** Leases of another era may expire before their time, or after it. */
  readonly era: number
  readonly leaseMs: number
}

/** A lease that somebody holds. */
export interface HeldLease extends Moment, Pick<Lease, 'nonce' | 'owner'> {}

/** Watches that no lease is given to another before it has run out. */
export class LeaseWatch {
  readonly #held = new Map<string, HeldLease>()
  /** Told of each lease that passes from one tenure to the next. */
  passed: ((task: string, from: HeldLease, to: HeldLease) => string[]) | undefined

  /** @returns what is wrong with that */
  granted({ task, nonce, owner }: Lease, moment: Moment): string[] {
    const key = keyOf(task, moment)
    const held = this.#held.get(key)
    // the answer to the same request once more
    if (held?.nonce === nonce) return []
    const next = { ...moment, nonce, owner }
    this.#held.set(key, next)
    if (held === undefined) return []
    const others = this.passed?.(task, held, next) ?? []
    if (held.era !== moment.era) return others
    const left = held.at + held.leaseMs - moment.at
    if (left <= 1) return others
    return [
      `${held.owner} had the lease of ${task} for another ${Math.round(left)} ms when it was given to ${owner}`,
      ...others,
    ]
  }

  renewed({ task, nonce, owner }: Lease, moment: Moment): void {
    const key = keyOf(task, moment)
    if (this.#held.get(key)?.nonce === nonce) this.#held.set(key, { ...moment, nonce, owner })
  }

  released({ task, nonce }: Lease, moment: Moment): void {
    const key = keyOf(task, moment)
    if (this.#held.get(key)?.nonce === nonce) this.#held.delete(key)
  }
}

const keyOf = (task: string, { server }: Moment): string => `${server} ${task}`
