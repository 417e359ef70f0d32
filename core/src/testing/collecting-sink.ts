import type { CommitOutcome, Handle, Prepared, Sink, SinkBatch, SinkContext, SinkWriter } from '../connector/sink.ts'
import { tenureId } from '../connector/sink.ts'

/** A sink in memory that shows what was committed. */
export interface CollectingSink<T> extends Sink<T> {
  /** Everything that is visible, in order of commits. */
  readonly committed: readonly T[]
}

/**
 * Collects what is written to it, exactly once: output is prepared under the tenure and seq of its writer and becomes
 * visible by commit, even by a writer that did not prepare it. Lives as long as the object does.
 */
export function collecting<T>(): CollectingSink<T> {
  const committed: T[] = []
  const prepared = new Map<string, readonly T[]>()
  const done = new Set<string>()
  return Object.freeze({
    kind: 'collecting',
    description: 'collecting()',
    guarantee: 'exactly-once',
    committed,
    open: async (context: SinkContext): Promise<SinkWriter<T>> => collectingWriter(context, committed, prepared, done),
  })
}

function collectingWriter<T>({ sink, tenure }: SinkContext, committed: T[], prepared: Map<string, readonly T[]>, done: Set<string>): SinkWriter<T> {
  const prefix = `${sink}/${tenureId(tenure)}`
  let open: T[] = []
  const commitOne = ({ id }: Handle): CommitOutcome => {
    if (done.has(id)) return 'already'
    const values = prepared.get(id)
    if (values === undefined) return 'lost'
    committed.push(...values)
    prepared.delete(id)
    done.add(id)
    return 'committed'
  }
  return {
    write({ values }: SinkBatch<T>): void {
      open.push(...values)
    },
    async prepare(seq: number): Promise<Prepared> {
      if (open.length === 0) return { handles: [] }
      const id = `${prefix}/${seq}`
      prepared.set(id, open)
      open = []
      return { handles: [{ sink, id, destination: 'memory', data: tenure.epoch }] }
    },
    commit: async (handles: readonly Handle[]): Promise<readonly CommitOutcome[]> => handles.map(commitOne),
    async abort({ except }): Promise<void> {
      const kept = new Set(except.map(({ id }) => id))
      for (const id of prepared.keys()) if (!id.startsWith(prefix) && !kept.has(id)) prepared.delete(id)
    },
    async close(): Promise<void> {},
  }
}
