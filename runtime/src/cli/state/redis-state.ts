import { badOption, type Checkpoint, type ClusterBackplane, type ClusterStatus } from '@millrace/core'
import type { JobState, Runner } from './job-state.ts'

/** Which job, and how to get at it. */
export interface RedisStateOptions {
  readonly where: string
  readonly job: string
  readonly backplane: ClusterBackplane
}

/** How many records are asked for at the same time. */
const concurrency = 64

/** What the workers of a job share on a Redis. */
export class RedisState implements JobState {
  readonly where: string
  readonly job: string
  readonly letters: ClusterBackplane
  #status: ClusterStatus

  private constructor({ where, job, backplane }: RedisStateOptions, status: ClusterStatus) {
    this.where = where
    this.job = job
    this.letters = backplane
    this.#status = status
  }

  /** Takes the backplane, and closes it whatever happens. Rejects with BAD_OPTION where there is no such job. */
  static async open(options: RedisStateOptions): Promise<RedisState> {
    try {
      return new RedisState(options, await statusOf(options))
    } catch (error) {
      await options.backplane.close()
      throw error
    }
  }

  get options(): string {
    return `--state ${this.where} --job ${this.job}`
  }

  /** All there is to see, as it was a moment ago. */
  get status(): ClusterStatus {
    return this.#status
  }

  get exchanges(): ReadonlySet<string> {
    return new Set(this.#status.exchanges.map(({ exchange }) => exchange))
  }

  /** Asks again. */
  async refresh(): Promise<ClusterStatus> {
    this.#status = await this.letters.status()
    return this.#status
  }

  /** The last one of each task; others cannot be asked for. */
  async checkpoints(): Promise<Checkpoint[]> {
    const tasks = this.#status.tasks.filter(({ seq }) => seq > 0).map(({ task }) => task)
    const found: (Checkpoint | undefined)[] = []
    for (let at = 0; at < tasks.length; at += concurrency) {
      const some = tasks.slice(at, at + concurrency)
      found.push(...(await Promise.all(some.map((task) => this.letters.readCheckpoint(task)))))
    }
    return found.filter((checkpoint) => checkpoint !== undefined)
  }

  async runners(): Promise<Runner[]> {
    return this.#status.workers.map(({ worker }) => ({ name: worker }))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.letters.close()
  }
}

async function statusOf({ backplane, job, where }: RedisStateOptions): Promise<ClusterStatus> {
  const status = await backplane.status()
  if (isBegun(status)) return status
  throw badOption(`--job: no job '${job}' was ever started at ${where}`)
}

/** The run of a job that was never started has no name. */
const isBegun = ({ run }: Pick<ClusterStatus, 'run'>): boolean => !run.startsWith('.')
