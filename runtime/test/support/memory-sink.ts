import {
  type CommitOutcome,
  type Handle,
  type PrepareOptions,
  type Prepared,
  type Sink,
  type SinkBatch,
  type SinkContext,
  type SinkWriter,
  tenureId,
} from '@millrace/core'

/** One commit that made output visible. */
export interface Commit<T> {
  readonly id: string
  readonly values: readonly T[]
}

/** What can go wrong in a {@link MemorySink}: each entry is used up by one call. */
export interface Trouble {
  open: Error[]
  write: Error[]
  prepare: Error[]
  commit: (Error | 'retry')[]
}

/**
 * A destination in memory that keeps what is prepared apart from what is visible and outlives its writers. It breaks the
 * test that breaks the contract: overlapping calls, a seq that does not grow, a commit of what was aborted.
 */
export class MemorySink<T> {
  /** Everything visible, in order. */
  readonly visible: T[] = []
  readonly commits: Commit<T>[] = []
  readonly prepared: Map<string, { readonly task: string; readonly epoch: number; readonly values: readonly T[] }> =
    new Map()
  readonly trouble: Trouble = { open: [], write: [], prepare: [], commit: [] }
  readonly calls: string[] = []
  /** Held back until it resolves: a slow destination. */
  gate: Promise<void> | undefined
  readonly #done = new Set<string>()

  get sink(): Sink<T> {
    return {
      kind: 'memory',
      description: 'memory()',
      guarantee: 'exactly-once',
      open: async (context) => {
        this.calls.push(`open ${context.tenure.epoch}`)
        this.fail('open')
        return new MemoryWriter(this, context)
      },
    }
  }

  /** Loses what is prepared, as a destination does that was down for too long. */
  lose(): void {
    this.prepared.clear()
  }

  commit({ id }: Handle): CommitOutcome {
    const trouble = this.trouble.commit.shift()
    if (trouble === 'retry') return 'retry'
    if (trouble !== undefined) throw trouble
    if (this.#done.has(id)) return 'already'
    const prepared = this.prepared.get(id)
    if (prepared === undefined) return 'lost'
    this.prepared.delete(id)
    this.#done.add(id)
    this.commits.push({ id, values: prepared.values })
    this.visible.push(...prepared.values)
    return 'committed'
  }

  fail(call: 'open' | 'write' | 'prepare'): void {
    const error = this.trouble[call].shift()
    if (error !== undefined) throw error
  }
}

class MemoryWriter<T> implements SinkWriter<T> {
  readonly #sink: MemorySink<T>
  readonly #context: SinkContext
  #pending: T[] = []
  #busy: string | undefined
  #seq = 0

  constructor(sink: MemorySink<T>, context: SinkContext) {
    this.#sink = sink
    this.#context = context
  }

  write({ values }: SinkBatch<T>): Promise<void> | void {
    this.#sink.fail('write')
    const { gate } = this.#sink
    if (gate === undefined) return void this.#pending.push(...values)
    return this.#alone('write', async () => {
      await gate
      this.#pending.push(...values)
    })
  }

  prepare(seq: number, options?: PrepareOptions): Promise<Prepared> {
    return this.#alone('prepare', async () => {
      this.#sink.calls.push(`prepare ${seq}${options?.last ? ' last' : ''}`)
      this.#sink.fail('prepare')
      if (seq <= this.#seq) throw new Error(`prepare(${seq}) after prepare(${this.#seq})`)
      this.#seq = seq
      if (this.#pending.length === 0) return { handles: [], state: { seq } }
      const { tenure, sink, task } = this.#context
      const id = `${sink}-${task}-${tenureId(tenure)}-${seq}`
      this.#sink.prepared.set(id, { task, epoch: tenure.epoch, values: this.#pending })
      this.#pending = []
      return { handles: [{ sink, id, destination: `memory/${id}`, data: seq }], state: { seq } }
    })
  }

  commit(handles: readonly Handle[]): Promise<readonly CommitOutcome[]> {
    return this.#alone('commit', async () => {
      this.#sink.calls.push(`commit ${handles.length}`)
      return handles.map((handle) => this.#sink.commit(handle))
    })
  }

  abort({ before, except }: { readonly before: number; readonly except: readonly Handle[] }): Promise<void> {
    return this.#alone('abort', async () => {
      this.#sink.calls.push(`abort ${before}`)
      for (const [id, { task, epoch }] of this.#sink.prepared)
        if (task === this.#context.task && epoch < before && !except.some((handle) => handle.id === id))
          this.#sink.prepared.delete(id)
    })
  }

  async close(): Promise<void> {
    this.#sink.calls.push('close')
  }

  /** A call that takes a while, so that an overlapping one is seen. */
  async #alone<R>(call: string, run: () => Promise<R>): Promise<R> {
    if (this.#busy !== undefined) throw new Error(`${call} while ${this.#busy} is under way`)
    this.#busy = call
    try {
      await new Promise((resolve) => setImmediate(resolve))
      return await run()
    } finally {
      this.#busy = undefined
    }
  }
}
