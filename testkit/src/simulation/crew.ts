import type { Job } from '@millrace/runtime'
import type { Chance } from './chance.ts'
import type { History } from './history.ts'
import type { SimClock } from './sim-clock.ts'
import { SimProcess } from './sim-process.ts'

/** A worker and the process that it is. */
export interface Member {
  readonly process: SimProcess
  readonly job: Job
  ended: boolean
  /** Frozen or cut off up to then, in ms since the beginning. */
  disturbedUntil: number
}

/** What a {@link Crew} is made of. */
export interface CrewOptions {
  readonly time: SimClock
  readonly chance: Chance
  readonly history: History
  readonly nonce: () => string
  readonly start: (process: SimProcess) => Job
  /** A worker that was not killed has failed. */
  readonly failed: (error: unknown, member: Member) => void
}

/** The workers of a life, and what becomes of their processes. */
export class Crew {
  readonly members: Member[] = []
  /** Processes that reach no Redis at present. */
  readonly cutOff: Set<string> = new Set()
  readonly #options: CrewOptions
  #names = 0
  #closedUntil = 0

  constructor(options: CrewOptions) {
    this.#options = options
  }

  living(): Member[] {
    return this.members.filter(({ ended }) => !ended)
  }

  /** Starts one more, with whatever a scenario starts it with. */
  join(start: (process: SimProcess) => Job = this.#options.start): Member | undefined {
    const { time, chance, history, nonce } = this.#options
    if (time.now < this.#closedUntil) return undefined
    const name = `w${++this.#names}`
    const process = new SimProcess(name, time, chance, nonce)
    const member: Member = { process, job: start(process), ended: false, disturbedUntil: 0 }
    this.members.push(member)
    history.note(name, 'starts')
    member.job.finished.then(
      ({ ending }) => this.#ended(member, ending),
      (error: unknown) => this.#failed(member, error),
    )
    return member
  }

  /** Another one comes a little later. */
  kill(member: Member): void {
    const { time, chance } = this.#options
    this.#end(member)
    time.after(chance.between(0, 2_000), () => void this.join())
  }

  /** Nobody is there for a while. */
  blackOut(ms: number): void {
    const { time } = this.#options
    for (const member of this.living()) this.#end(member)
    this.#closedUntil = Math.max(this.#closedUntil, time.now + ms)
    time.after(ms, () => void this.join())
  }

  pause(member: Member, ms: number): void {
    const { time, history } = this.#options
    const { process } = member
    history.note(process.name, `frozen for ${Math.round(ms)} ms`)
    this.#disturb(member, ms)
    process.pause()
    time.after(ms, () => {
      history.note(process.name, 'thawed')
      process.resume()
    })
  }

  cut(member: Member, ms: number): void {
    const { name } = member.process
    this.#options.history.note(name, `cut off for ${Math.round(ms)} ms`)
    this.#disturb(member, ms)
    this.cutOff.add(name)
    this.#options.time.after(ms, () => this.cutOff.delete(name))
  }

  stop({ process, job }: Member): void {
    this.#options.history.note(process.name, 'stop')
    void job.stop().catch(() => undefined)
  }

  /** Stops all, and kills those that take too long; nobody joins before {@link Crew.open}. */
  async stopAll(most: number): Promise<void> {
    const { time } = this.#options
    this.#closedUntil = Infinity
    for (const member of this.living()) this.stop(member)
    await time.until(() => this.living().length === 0, most)
    for (const member of this.living()) this.#end(member)
  }

  /** Whoever wants to may join again. */
  open(): void {
    this.#closedUntil = 0
  }

  /** All are thawed, and reach what they want to reach. */
  heal(): void {
    this.cutOff.clear()
    this.#closedUntil = 0
    for (const { process } of this.members) process.resume()
  }

  #disturb(member: Member, ms: number): void {
    member.disturbedUntil = Math.max(member.disturbedUntil, this.#options.time.now + ms)
  }

  #end(member: Member): void {
    this.#options.history.note(member.process.name, 'killed')
    member.process.kill()
    member.ended = true
  }

  #ended(member: Member, ending: string): void {
    this.#options.history.note(member.process.name, `ends: ${ending}`)
    member.ended = true
  }

  #failed(member: Member, error: unknown): void {
    if (member.process.isDead) return
    const text = error instanceof Error ? error.message : String(error)
    this.#options.history.note(member.process.name, `fails: ${text}`)
    member.ended = true
    this.#options.failed(error, member)
  }
}
