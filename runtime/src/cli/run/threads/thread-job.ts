import { extname } from 'node:path'
import { finished } from 'node:stream/promises'
import { Worker } from 'node:worker_threads'
import { Secret } from '@millrace/core'
import type { Logger } from '../../../logger.ts'
import type { Job, Summary } from '../../../start.ts'
import type { Progress } from '../../../worker/progress.ts'
import type { Io } from '../../io.ts'
import { fromPlain, type PlainError } from '../../../threads/plain-error.ts'
import { loggedFields } from '../../../threads/thread-logger.ts'
import { threadEnvironment } from '../../../threads/thread-environment.ts'
import { type FromThread, stopMessage, type ThreadRequest } from './thread-messages.ts'

/** In a thread it runs what `workerData` says. */
const main = new URL(`../../main${extname(import.meta.url)}`, import.meta.url)

/** A job that runs in a thread of its own. */
export class ThreadJob implements Job {
  readonly name: string
  readonly finished: Promise<Summary>
  readonly #worker: Worker
  readonly #log: Logger
  readonly #io: Pick<Io, 'redactor' | 'stdout' | 'stderr'>
  #progress: Progress
  #outcome: { readonly summary: Summary } | { readonly error: unknown } | undefined
  /** The last one that was logged: most likely the one that the job fails with. */
  #logged: { readonly text: string; readonly error: Error } | undefined

  constructor(name: string, request: ThreadRequest, io: Pick<Io, 'redactor' | 'stdout' | 'stderr'>, log: Logger) {
    this.name = name
    this.#io = io
    this.#log = log
    this.#progress = noProgress(name)
    this.#worker = new Worker(main, { workerData: request, stdout: true, stderr: true, ...threadEnvironment() })
    this.finished = this.#end(this.#worker)
  }

  stop(): Promise<Summary> {
    this.#worker.postMessage(stopMessage)
    return this.finished
  }

  progress(): Progress {
    return this.#progress
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined)
  }

  /** What it wrote is out before its end is known. */
  async #end(worker: Worker): Promise<Summary> {
    worker.on('message', (message: FromThread) => this.#take(message))
    worker.on('error', (error) => (this.#outcome ??= { error }))
    const written = [copy(worker.stdout, this.#io.stdout), copy(worker.stderr, this.#io.stderr)]
    const code = await new Promise<number>((resolve) => worker.once('exit', resolve))
    await Promise.all(written)
    const outcome = this.#outcome ?? { error: new Error(`the thread of ${this.name} ended with ${code}`) }
    if ('error' in outcome) throw outcome.error
    return outcome.summary
  }

  #take(message: FromThread): void {
    switch (message.type) {
      case 'log':
        return this.#log[message.level](
          loggedFields(message.fields, (plain) => this.#errorOf(plain)),
          message.message,
        )
      case 'progress':
        this.#progress = message.progress
        return
      case 'secret':
        return void this.#io.redactor.watch(new Secret(() => message.secret))
      case 'ended':
        this.#progress = message.summary
        this.#outcome ??= { summary: message.summary }
        return
      case 'failed':
        this.#outcome ??= { error: this.#errorOf(message.error) }
    }
  }

  /** The same error is the same object: it is said once. */
  #errorOf(plain: PlainError): Error {
    const text = JSON.stringify(plain)
    if (this.#logged?.text !== text) this.#logged = { text, error: fromPlain(plain) }
    return this.#logged.error
  }
}

function copy(from: Worker['stdout'], to: Io['stdout']): Promise<void> {
  from.on('data', (chunk: string) => void to.write(chunk))
  return finished(from, { writable: false })
}

const noProgress = (job: string): Progress => ({
  job,
  state: 'new',
  elapsedMs: 0,
  records: 0,
  recordsPerSecond: 0,
  written: 0,
  watermark: undefined,
  lagMs: undefined,
  deadLetters: 0,
  late: 0,
  checkpoint: 0,
  checkpoints: 0,
  stateBytes: 0,
  partitions: 0,
  nodes: {},
})
