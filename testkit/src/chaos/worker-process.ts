import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { Guard } from '../services/guard.ts'
import type { WorkerOptions } from './worker-options.ts'

const script = join(import.meta.dirname, 'worker-main.ts')

/** How a worker process has ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said last: `started`, `ended finished`, `ended stopped`, `failed`. */
  readonly said: string
}

/** One life of a worker; it dies with our process. */
export class WorkerProcess {
  readonly name: string
  readonly ended: Promise<WorkerEnd>
  readonly #child: ChildProcess
  readonly #guard = new Guard()
  #said = ''

  /** Starts it. What it logs is added to the file `log`. */
  constructor(options: WorkerOptions, log: string) {
    this.name = options.name
    const file = openSync(log, 'a')
    const flags = ['--conditions', '@millrace/source', '--disable-warning=ExperimentalWarning']
    this.#child = spawn(process.execPath, [...flags, script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', file],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_)/.test(name))),
    })
    closeSync(file)
    this.#guard.watch(this.#child.pid)
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    this.ended = this.#end()
  }

  /** Whether it has begun to work. */
  get isStarted(): boolean {
    return this.#said !== ''
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async #end(): Promise<WorkerEnd> {
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null]
    this.#guard.release()
    return { code, signal, said: this.#said.trimEnd().split('\n').at(-1) ?? '' }
  }
}
