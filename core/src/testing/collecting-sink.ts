import type { CommitOutcome, Handle, Prepared, Sink, SinkBatch, SinkContext, SinkWriter } from '../connector/sink.ts'
import { tenureId } from '../connector/sink.ts'

/** A sink in memory that shows what was committed. */
export interface CollectingSink<T> extends Sink<T> {
  /** Everything that is visible, in order of commits. */
  readonly committed: readonly T[]
}

/** Output that is durable and invisible. */
interface Hidden<T> {
  readonly sink: string
  readonly epoch: number
  readonly values: readonly T[]
}

/**
 * Collects what is written to it, exactly once: output is prepared under the tenure and seq of its writer and becomes
 * visible by commit, even by a writer that did not prepare it. Lives as long as the object does.
 */
export function collecting<T>(): CollectingSink<T> {
  const committed: T[] = []
  const prepared = new Map<string, Hidden<T>>()
  const done = new Set<string>()
  return Object.freeze({
    kind: 'collecting',
    description: 'collecting()',
    guarantee: 'exactly-once',
    committed,
    open: async (context: SinkContext): Promise<SinkWriter<T>> => collectingWriter(context, committed, prepared, done),
  })
}

function collectingWriter<T>(
  { sink, tenure }: SinkContext,
  committed: T[],
  prepared: Map<string, Hidden<T>>,
  done: Set<string>,
): SinkWriter<T> {
  const prefix = `${sink}/${tenureId(tenure)}`
  let open: T[] = []
  const commitOne = ({ id }: Handle): CommitOutcome => {
    if (done.has(id)) return 'already'
    const hidden = prepared.get(id)
    if (hidden === undefined) return 'lost'
    for (const value of hidden.values) committed.push(value)
    prepared.delete(id)
    done.add(id)
    return 'committed'
  }
  return {
    write({ values }: SinkBatch<T>): void {
      for (const value of values) open.push(value)
    },
    async prepare(seq: number): Promise<Prepared> {
      if (open.length === 0) return { handles: [] }
      const id = `${prefix}/${seq}`
      prepared.set(id, { sink, epoch: tenure.epoch, values: open })
      open = []
      return { handles: [{ sink, id, destination: 'memory', data: tenure.epoch }] }
    },
    commit: async (handles: readonly Handle[]): Promise<readonly CommitOutcome[]> => handles.map(commitOne),
    async abort({ before, except }): Promise<void> {
      const kept = new Set(except.map(({ id }) => id))
      // Several sinks of a topology may share this object.
      for (const [id, { sink: owner, epoch }] of prepared)
        if (owner === sink && epoch < before && !kept.has(id)) prepared.delete(id)
    },
    async close(): Promise<void> {},
  }
}
