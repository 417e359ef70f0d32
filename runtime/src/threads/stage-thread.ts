import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FromStageThread, StageThreadData, ToStageThread } from './stage-messages.ts'
import { threadEnvironment } from './thread-environment.ts'

const main = new URL(`./stage-main${extname(import.meta.url)}`, import.meta.url)

/** A thread that runs source stages, as the main thread deals with it. */
export class StageThread {
  readonly #worker: Worker
  readonly #stopped: Promise<void>
  /** Live partitions that it reads. */
  partitions = 0

  /** `take` is told all that it says, and `failed` when it ends before {@link StageThread.close}. */
  constructor(data: StageThreadData, take: (message: FromStageThread) => void, failed: (error: Error) => void) {
    const worker = new Worker(main, { workerData: data, ...threadEnvironment() })
    this.#worker = worker
    this.#stopped = new Promise((resolve) => {
      worker.on('message', (message: FromStageThread) => {
        if (message.type === 'stopped') resolve()
        else take(message)
      })
      worker.on('error', (error) => failed(error as Error))
      worker.on('exit', (code) => {
        resolve()
        failed(new Error(`a thread that reads and decodes ended with ${code}`))
      })
    })
  }

  send(message: ToStageThread): void {
    this.#worker.postMessage(message)
  }

  /** Closes its readers, but waits for them no longer than `within` does. */
  async close(within: Promise<void>): Promise<void> {
    this.send({ type: 'stop' })
    await Promise.race([this.#stopped, within])
    this.#worker.removeAllListeners()
    await this.#worker.terminate()
  }
}
