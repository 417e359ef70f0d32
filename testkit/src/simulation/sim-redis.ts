import { Keys, ModelServer, modelScripts, type Scripts } from '@millrace/runtime/testing'
import type { Chance } from './chance.ts'
import type { History } from './history.ts'
import type { SimClock } from './sim-clock.ts'
import type { Holder } from './defects.ts'
import { type SimProcess, startOfTime } from './sim-process.ts'

/** A primary and its replica, which follows it at a distance. A failover forgets what the replica had not got. */
export class SimRedis {
  readonly scripts: Scripts
  readonly #time: SimClock
  readonly #chance: Chance
  readonly #history: History
  readonly #keys: Keys
  #servers = 0
  #primary: ModelServer
  #replica: ModelServer
  /** How far its clock is off, in ms. */
  #skewMs = 0
  /** Grows when leases may become void or expire before their time. */
  era = 0
  /** Whose clock counts instead, for the defect that trusts a worker's. */
  otherClock: (() => number) | undefined

  constructor(job: string, time: SimClock, chance: Chance, history: History) {
    this.#time = time
    this.#chance = chance
    this.#history = history
    this.#keys = new Keys(job)
    this.#primary = new ModelServer(this.#identity())
    this.#replica = this.#primary.copy(this.#identity())
    this.scripts = modelScripts({
      server: () => this.#primary,
      keys: this.#keys,
      isDurable: (server, offset) => this.#isDurable(server, offset),
    })
    this.#follow()
  }

  /** Its clock is set to so much off the right time. */
  jump(skewMs: number): void {
    if (skewMs === this.#skewMs) return
    this.#history.note('redis', `its clock jumps to ${Math.round(skewMs)} ms off`)
    this.#skewMs = skewMs
    this.era++
  }

  /** The replica takes over, as it is. */
  failover(): void {
    this.era++
    this.#history.note('redis', `failover: ${this.#primary.offset - this.#replica.offset} writes are forgotten`)
    this.#primary = this.#replica
    this.#replica = this.#primary.copy(this.#identity())
  }

  /** Another process with the same data. */
  restart(): void {
    this.#history.note('redis', 'restart: nothing is forgotten')
    this.era++
    this.#primary = this.#primary.copy(this.#identity())
    this.#replica = this.#primary.copy(this.#identity())
  }

  /** Who holds the lease of a task. */
  holderOf(task: string): Holder | undefined {
    const get = (field: string): string | undefined => this.#primary.data.hget(this.#keys.of(`lease:${task}`), field)
    const [run, epoch, nonce] = [get('run'), get('epoch'), get('nonce')]
    return get('owner') === undefined || run === undefined || nonce === undefined
      ? undefined
      : { run, epoch: Number(epoch), nonce }
  }

  /** Number of the last record of a task. */
  lastSeq(task: string): number {
    return Number(this.#primary.data.hget(this.#keys.of(`ckpt:${task}`), 'seq') ?? 0)
  }

  /** Drops what lies before a position of an exchange, whoever has read it. */
  trim(at: { readonly exchange: string; readonly partition: number } | undefined, position: string | undefined): void {
    if (at === undefined || position === undefined) return
    this.#primary.data.xtrim(this.#keys.of(`x:${at.exchange}:${at.partition}`), Number(position))
  }

  /** Runs scripts by the clock of a process. */
  withClock<T>({ clock }: Pick<SimProcess, 'clock'>, run: () => T): T {
    this.otherClock = () => clock.now()
    try {
      return run()
    } finally {
      this.otherClock = undefined
    }
  }

  #identity(): { readonly id: string; readonly clock: { now(): number } } {
    const now = (): number => this.otherClock?.() ?? startOfTime + this.#time.now + this.#skewMs
    return { id: `server-${++this.#servers}`, clock: { now } }
  }

  #follow(): void {
    const pauseMs = this.#chance.is(0.02) ? this.#chance.between(500, 4_000) : this.#chance.between(5, 120)
    this.#time.after(pauseMs, () => {
      const behind = this.#primary.offset - this.#replica.offset
      this.#replica.follow(this.#primary, this.#primary.offset - Math.min(behind, this.#chance.whole(0, 3)))
      this.#follow()
    })
  }

  /** As WAIT is: answers when the replica has it, or not after a while. */
  #isDurable(server: ModelServer, offset: number): Promise<boolean> {
    const end = this.#time.now + 2_000
    return new Promise((resolve) => {
      const look = (): void => {
        if (server !== this.#primary || this.#time.now > end) resolve(false)
        else if (this.#replica.offset >= offset) resolve(true)
        else this.#time.after(10, look)
      }
      look()
    })
  }
}
