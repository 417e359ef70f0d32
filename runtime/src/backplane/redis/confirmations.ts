import { MillraceError } from '@millrace/core'
import type { RecordRef, Scripts } from './scripts.ts'

interface Waiting extends RecordRef {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Waits until records can no longer be forgotten, for all tasks of a worker together. A wait that is in flight does not
 * count for a record that was written after it began.
 */
export class Confirmations {
  readonly #scripts: Pick<Scripts, 'confirm'>
  readonly #where: string
  #waiting: Waiting[] = []
  #isBusy = false

  constructor(scripts: Pick<Scripts, 'confirm'>, where: string) {
    this.#scripts = scripts
    this.#where = where
  }

  /** Rejects, retryable, when there are too few copies so far. */
  confirm(record: RecordRef): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...record, resolve, reject })
      if (!this.#isBusy) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    while (this.#waiting.length > 0) await this.#ask(this.#waiting.splice(0))
    this.#isBusy = false
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    try {
      const reply = await this.#scripts.confirm({ records: batch.map(({ lease, seq }) => ({ lease, seq })) })
      // one of them is gone: which, each has to ask for itself
      if (reply === 'gone' && batch.length > 1) for (const each of batch) await this.#ask([each])
      else for (const each of batch) this.#settle(each, reply)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #settle({ lease, resolve, reject }: Waiting, reply: Awaited<ReturnType<Scripts['confirm']>>): void {
    if (reply === 'durable') return resolve()
    const text = `${this.#where}: task ${lease.task}: its last checkpoint`
    const what =
      reply === 'short'
        ? `${text} is not on as many disks and replicas yet as is asked for; nothing is committed until it is: see whether replicas are connected`
        : `${text} is not there, or its lease is lost: the task begins again from the record that is`
    reject(new MillraceError('BACKPLANE', what, { retryable: true }))
  }
}
