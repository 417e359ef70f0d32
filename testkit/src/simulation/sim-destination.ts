import {
  type CommitOutcome,
  type Handle,
  MillraceError,
  type Prepared,
  type Sink,
  type SinkBatch,
  type SinkContext,
  type SinkWriter,
  tenureId,
} from '@millrace/core'
import type { Chance } from './chance.ts'
import type { History } from './history.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'

/** Ways in which a writer may break its contract, for defects. */
export interface WriterDefects {
  commitsEarly?: boolean
  abortsOnClose?: boolean
  abortsOnOpen?: boolean
  /** Says of what it does not know that it was committed before. */
  takesGoneForDone?: boolean
  /** Says of what it cannot commit now that it is gone. */
  takesRetryForLost?: boolean
}

interface Staged {
  readonly task: string
  readonly epoch: number
  readonly run: string
  readonly tenure: string
  readonly values: readonly unknown[]
  /** When, in ms since the beginning. */
  readonly at: number
}

/** Output that is visible. */
export interface Committed {
  readonly id: string
  /** That made it. */
  readonly run: string
  readonly values: readonly unknown[]
}

/** What a {@link SimDestination} is part of. */
export interface Surroundings {
  readonly time: SimClock
  readonly chance: Chance
  readonly history: History
  readonly redis?: { names(handle: { readonly id: string; readonly task: string; readonly run: string }): boolean }
}

/** A destination with transactions, outside of all processes: what is prepared is kept apart until it is committed. */
export class SimDestination {
  /** All that was made visible, in order. */
  readonly committed: Committed[] = []
  /** What it has dropped as it was not committed in time, and was then asked for. */
  readonly lost: Map<string, readonly unknown[]> = new Map()
  /** After so long it drops what is not committed. */
  expiresAfterMs: number = Infinity
  /** Whether it may be asked for what was aborted. */
  mayBeAborted: (id: string) => boolean = () => false
  readonly name: string
  readonly problems: string[] = []
  readonly faults: { failure: number; retry: number; slowMs: number } = { failure: 0, retry: 0, slowMs: 5 }
  readonly defects: WriterDefects = {}
  readonly #surroundings: Surroundings
  readonly #chance: Chance
  readonly #staged = new Map<string, Staged>()
  readonly #done = new Map<string, string>()

  constructor(name: string, surroundings: Surroundings) {
    this.name = name
    this.#surroundings = surroundings
    this.#chance = surroundings.chance
  }

  /** All that is visible, in order. */
  get visible(): unknown[] {
    return this.committed.flatMap(({ values }) => values)
  }

  /** What is prepared and neither committed nor aborted. */
  staged(id: string): readonly unknown[] | undefined {
    return this.#staged.get(id)?.values
  }

  sink(process: SimProcess): Sink<unknown> {
    return {
      kind: 'simulated',
      guarantee: 'exactly-once',
      description: `simulated(${this.name})`,
      open: async (context) => {
        if (this.defects.abortsOnOpen)
          await this.#call(process, () => this.#drop(context.task, context.tenure.epoch, []))
        return this.#writer(process, context)
      },
    }
  }

  #writer(process: SimProcess, { task, tenure, sink }: SinkContext): SinkWriter<unknown> {
    let pending: unknown[] = []
    const own = tenureId(tenure)
    return {
      write: ({ values }: SinkBatch<unknown>) => void pending.push(...values),
      prepare: async (seq): Promise<Prepared> => {
        if (pending.length === 0) return { handles: [] }
        const id = `${sink}/${task}/${own}/${seq}`
        const values = pending
        const { run, epoch } = tenure
        await this.#call(process, () =>
          this.#stage(id, { task, run, epoch, tenure: own, values, at: this.#surroundings.time.now }),
        )
        pending = []
        if (this.defects.commitsEarly) await this.#call(process, () => this.#commit(process, id))
        return { handles: [{ sink, id, destination: this.name, data: null }] }
      },
      commit: (handles: readonly Handle[]) =>
        this.#call(process, () => handles.map(({ id }) => this.#commit(process, id))),
      abort: ({ before, except }) =>
        this.#call(process, () =>
          this.#drop(
            task,
            before,
            except.map(({ id }) => id),
          ),
        ),
      close: async () => {
        if (!this.defects.abortsOnClose) return
        for (const [id, staged] of this.#staged)
          if (staged.tenure === own && staged.task === task) this.#staged.delete(id)
      },
    }
  }

  #call<T>(process: SimProcess, run: () => T): Promise<T> {
    const { failure, slowMs } = this.faults
    const fails = this.#chance.is(failure)
    // one that fails may have been carried out
    const carriedOut = !fails || this.#chance.is(0.5)
    return process.call(
      () => {
        const answer = carriedOut ? run() : undefined
        if (fails) throw new MillraceError('SINK', 'simulated: the destination does not answer', { retryable: true })
        return answer as T
      },
      () => this.#chance.between(0, slowMs),
    )
  }

  #stage(id: string, staged: Staged): void {
    const before = this.#staged.get(id)
    if (this.#done.has(id) || (before && JSON.stringify(before.values) !== JSON.stringify(staged.values)))
      this.problems.push(`${id} was used for two contents`)
    this.#staged.set(id, staged)
  }

  #commit(process: SimProcess, id: string): CommitOutcome {
    if (this.#done.has(id)) return 'already'
    if (this.#chance.is(this.faults.retry)) return this.defects.takesRetryForLost ? 'lost' : 'retry'
    const staged = this.#staged.get(id)
    if (staged === undefined) return this.#gone(process, id)
    this.#staged.delete(id)
    if (this.#surroundings.time.now - staged.at > this.expiresAfterMs) {
      this.lost.set(id, staged.values)
      return this.#gone(process, id)
    }
    if (this.#surroundings.redis?.names({ ...staged, id }) === false)
      this.problems.push(`${process.name} commits ${id}, which no record names that is left`)
    this.#done.set(id, process.name)
    this.#surroundings.history.note(process.name, `commit ${id}: ${staged.values.length} rows`)
    this.committed.push({ id, run: staged.run, values: staged.values })
    return 'committed'
  }

  #gone(process: SimProcess, id: string): CommitOutcome {
    if (this.defects.takesGoneForDone) return 'already'
    this.#surroundings.history.note(process.name, `${id} is gone`)
    if (!this.lost.has(id) && !this.mayBeAborted(id))
      this.problems.push(`${process.name} is to commit ${id}, which is gone`)
    return 'lost'
  }

  #drop(task: string, before: number, except: readonly string[]): void {
    for (const [id, staged] of this.#staged)
      if (staged.task === task && staged.epoch < before && !except.includes(id)) this.#staged.delete(id)
  }
}
