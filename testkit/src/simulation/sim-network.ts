import { MillraceError } from '@millrace/core'
import type { Scripts } from '@millrace/runtime/testing'
import type { Chance } from './chance.ts'
import type { History } from './history.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'

/** What becomes of requests, as probabilities. */
export interface NetworkFaults {
  lostRequest: number
  lostReply: number
  doubled: number
  /** Up to so long after does the second one of a doubled request arrive. */
  lateMs: number
}

const timeoutMs = 500

/** The way from a process to Redis and back. */
export class SimNetwork {
  readonly #time: SimClock
  readonly #chance: Chance
  readonly #history: History
  readonly faults: NetworkFaults = { lostRequest: 0, lostReply: 0, doubled: 0, lateMs: 0 }
  readonly #cutOff: ReadonlySet<string>

  constructor(time: SimClock, chance: Chance, history: History, cutOff: ReadonlySet<string>) {
    this.#time = time
    this.#cutOff = cutOff
    this.#chance = chance
    this.#history = history
  }

  /** Scripts as a process reaches them. */
  connect(process: SimProcess, scripts: Scripts): Scripts {
    return new Proxy(scripts, {
      get: (target, name) => {
        const script: unknown = Reflect.get(target, name)
        if (typeof script !== 'function' || name === 'close') return script
        return (request: unknown) =>
          this.#send(process, String(name), () => Reflect.apply(script, target, [request]) as Promise<unknown>)
      },
    })
  }

  #send(process: SimProcess, name: string, run: () => Promise<unknown>): Promise<unknown> {
    const { lostRequest, lostReply, doubled, lateMs } = this.faults
    const fate = this.#chance.next()
    const lost = (what: string): Promise<never> => this.#lost(process, name, what)
    if (this.#cutOff.has(process.name) || fate < lostRequest) return lost('request')
    const delay = (): number => this.#chance.between(0.5, 5)
    if (fate < lostRequest + lostReply) {
      this.#time.after(delay(), () => void run().catch(() => undefined))
      return lost('reply')
    }
    if (fate < lostRequest + lostReply + doubled) {
      this.#history.note(process.name, `${name}: doubled`)
      this.#time.after(this.#chance.between(5, lateMs), () => void run().catch(() => undefined))
    }
    return process.call(run, delay)
  }

  #lost(process: SimProcess, name: string, what: string): Promise<never> {
    this.#history.note(process.name, `${name}: ${what} lost`)
    return new Promise((_, reject) => {
      const error = new MillraceError('BACKPLANE', `simulated: no answer to ${name}`, { retryable: true })
      process.timer(timeoutMs, () => reject(error))
    })
  }
}
