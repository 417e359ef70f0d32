import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FaultProxy } from '../proxy/fault-proxy.ts'
import type { WorkerOptions } from './worker-options.ts'
import { type WorkerEnd, WorkerProcess } from './worker-process.ts'

/** What all lives of a worker have in common. */
export interface MemberOptions extends Omit<WorkerOptions, 'name'> {
  /** Name of the worker; a life adds its number, as no two processes may have the same one. */
  readonly member: string
  /** All ways from it to Redis, its own alone. */
  readonly proxies: readonly FaultProxy[]
}

/** A stop takes no longer than this, or counts as failed. */
const graceMs = 20_000

/** A worker through all its lives: whenever its process ends, for whatever reason, another takes its place. */
export class Member {
  readonly name: string
  readonly #options: MemberOptions
  readonly #failures: string[] = []
  /** Resolves when a process of it has found the job to be done. */
  readonly finished: Promise<void>
  #finish: () => void = () => {}
  #process: WorkerProcess
  #lives = 0
  /** Something is being done to it. */
  isBusy = false
  #isOver = false

  constructor(options: MemberOptions) {
    this.name = options.member
    this.#options = options
    this.finished = new Promise((resolve) => (this.#finish = resolve))
    this.#process = this.#live()
  }

  /** Name of the process. */
  get processName(): string {
    return this.#process.name
  }

  /** Ways in which it has ended that nobody asked for. */
  get failures(): readonly string[] {
    return this.#failures
  }

  /** Whether it works, and nothing is being done to it. */
  get isWell(): boolean {
    return !this.isBusy && this.#process.isStarted && !this.#process.hasEnded
  }

  /** What all its lives have logged. */
  get logFile(): string {
    return join(this.#options.folder, `${this.name}.log`)
  }

  get proxies(): readonly FaultProxy[] {
    return this.#options.proxies
  }

  /** Kills the process; resolves when it is gone, and another has been started. */
  async kill(): Promise<void> {
    const killed = this.#process
    killed.send('SIGKILL')
    await killed.ended
  }

  /** Asks the process to stop; resolves when it has, and another has been started. */
  async stop(): Promise<void> {
    const stopped = this.#process
    stopped.send('SIGTERM')
    const patience = new AbortController()
    const late = pause(graceMs, undefined, { signal: patience.signal }).then(
      () => this.#failLate(stopped),
      () => {},
    )
    await stopped.ended
    patience.abort()
    await late
  }

  /** Stops the process in its tracks. */
  freeze(): void {
    this.#process.send('SIGSTOP')
  }

  /** Lets the process go on from where it was frozen. */
  thaw(): void {
    this.#process.send('SIGCONT')
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.kill()
  }

  #live(): WorkerProcess {
    const { member: name, proxies: _, ...options } = this.#options
    const process = new WorkerProcess({ ...options, name: `${name}.${++this.#lives}` }, this.logFile)
    void process.ended.then((end) => this.#followUp(process, end))
    return process
  }

  #followUp({ name }: WorkerProcess, { code, signal, said }: WorkerEnd): void {
    if (this.#isOver) return
    if (code === 0 && said === 'ended finished') return this.#finish()
    const isWanted = signal === 'SIGKILL' || (code === 0 && said === 'ended stopped')
    if (!isWanted) this.#failures.push(`${name} ended with ${signal ?? code}, having said ${said}`)
    this.#process = this.#live()
  }

  #failLate(process: WorkerProcess): void {
    this.#failures.push(`${process.name} did not stop within ${graceMs} ms`)
    process.send('SIGKILL')
  }
}
