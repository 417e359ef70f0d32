import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Guard } from './guard.ts'
import type { Program } from './program.ts'

/** A server to run. */
export interface ServerProcessOptions {
  readonly program: Program
  readonly args: readonly string[]
  /** It runs in there, and what it prints is added to `server.log`. */
  readonly folder: string
  /** Remove the folder with it, also if we are killed. */
  readonly temporary: boolean
}

/** A signal that ends a server. */
export type EndingSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT'

const graceMs = 2_000

/** A process that can be ended and started over; it dies with ours. */
export class ServerProcess {
  readonly #options: ServerProcessOptions
  readonly #log: string
  readonly #guard: Guard
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  constructor(options: ServerProcessOptions) {
    this.#options = options
    this.#log = join(options.folder, 'server.log')
    this.#guard = new Guard(options.temporary ? options.folder : '')
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What it has printed. */
  get log(): string {
    return readFileSync(this.#log, 'utf8')
  }

  start(): void {
    if (this.#child) throw new Error(`the server in ${this.#options.folder} runs already`)
    const { program, args, folder } = this.#options
    const log = openSync(this.#log, 'a') // not a pipe, which would hold it up while our event loop is busy
    const child = spawn(program.command, args, {
      cwd: folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    this.#guard.watch(child.pid)
    this.#ended = once(child, 'exit')
      .catch((error: unknown) => appendFileSync(this.#log, `${String(error)}\n`))
      .finally(() => this.#forget())
  }

  #forget(): void {
    this.#child = undefined
    this.#guard.watch(undefined)
  }

  /** Sends a signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (!this.#child?.kill(signal)) throw new Error(`no server runs in ${this.#options.folder}`)
  }

  /** Resolves when it has ended; at once when it does not run. */
  async kill(signal: EndingSignal): Promise<void> {
    this.#child?.kill(signal)
    this.#child?.kill('SIGCONT') // frozen, it would not hear the other
    await this.#ended
  }

  /** Lets it finish what it does, though not for long. */
  async end(): Promise<void> {
    const patience = new AbortController()
    const late = pause(graceMs, undefined, { signal: patience.signal }).then(
      () => this.kill('SIGKILL'),
      () => {},
    )
    await this.kill('SIGTERM')
    patience.abort()
    await late
  }

  /** Leaves an ended process to nobody's care. */
  release(): void {
    this.#guard.release()
  }
}
