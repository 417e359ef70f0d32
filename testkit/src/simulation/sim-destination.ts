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
import type { SimProcess } from './sim-process.ts'

/** Ways in which a writer may break its contract, for defects. */
export interface WriterDefects {
  commitsEarly?: boolean
  abortsOnClose?: boolean
  abortsOnOpen?: boolean
}

interface Staged {
  readonly task: string
  readonly epoch: number
  readonly tenure: string
  readonly values: readonly unknown[]
}

/** A destination with transactions, outside of all processes: what is prepared is kept apart until it is committed. */
export class SimDestination {
  /** All that is visible, in order. */
  readonly visible: unknown[] = []
  readonly problems: string[] = []
  readonly faults: { failure: number; retry: number; slowMs: number } = { failure: 0, retry: 0, slowMs: 5 }
  readonly defects: WriterDefects = {}
  readonly #name: string
  readonly #chance: Chance
  readonly #history: History
  readonly #staged = new Map<string, Staged>()
  readonly #done = new Map<string, string>()

  constructor(name: string, chance: Chance, history: History) {
    this.#name = name
    this.#chance = chance
    this.#history = history
  }

  sink(process: SimProcess): Sink<unknown> {
    return {
      kind: 'simulated',
      guarantee: 'exactly-once',
      description: `simulated(${this.#name})`,
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
        await this.#call(process, () => this.#stage(id, { task, epoch: tenure.epoch, tenure: own, values }))
        pending = []
        if (this.defects.commitsEarly) await this.#call(process, () => this.#commit(process, id))
        return { handles: [{ sink, id, destination: this.#name, data: null }] }
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
    if (this.#chance.is(this.faults.retry)) return 'retry'
    const staged = this.#staged.get(id)
    if (staged === undefined) {
      this.problems.push(`${process.name} is to commit ${id}, which is gone`)
      return 'lost'
    }
    this.#staged.delete(id)
    this.#done.set(id, process.name)
    this.#history.note(process.name, `commit ${id}: ${staged.values.length} rows`)
    this.visible.push(...staged.values)
    return 'committed'
  }

  #drop(task: string, before: number, except: readonly string[]): void {
    for (const [id, staged] of this.#staged)
      if (staged.task === task && staged.epoch < before && !except.includes(id)) this.#staged.delete(id)
  }
}
