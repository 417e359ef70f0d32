import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const lookEveryMs = 10

/** A worker in a process of its own; it dies with ours. */
export class WorkerProcess {
  readonly #process: ChildProcess
  /** How many records of the source it has processed. */
  records = 0

  constructor(url: string, logs: string, out: string) {
    const flags = ['--conditions', '@millrace/source', '--disable-warning=ExperimentalWarning']
    const script = join(import.meta.dirname, 'worker.ts')
    this.#process = spawn(process.execPath, [...flags, script, url, logs, out], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.records = Number(text.trimEnd().split('\n').at(-1))
    })
    process.once('exit', () => this.kill())
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Resolves when they have read so much in all, or one of them has ended. */
  static async haveRead(crew: readonly WorkerProcess[], records: number): Promise<void> {
    const sum = (): number => crew.reduce((total, worker) => total + worker.records, 0)
    while (sum() < records && crew.every((worker) => !worker.#hasEnded)) await pause(lookEveryMs)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Resolves when it has found the job to be done. */
  async finished(): Promise<void> {
    if (!this.#hasEnded) await once(this.#process, 'exit')
    const { exitCode, signalCode, pid } = this.#process
    if (exitCode !== 0) throw new Error(`process ${pid} ended with ${exitCode ?? signalCode}`)
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }
}
