import { mkdirSync } from 'node:fs'
import { type Sink, type SinkContext, type SinkWriter, type Tenure, tenureId } from '@millrace/core'
import { recordCommit } from './recorded-commit.ts'

/** Where a {@link recordingSink} records, and as whom. */
export interface RecordingOptions {
  readonly folder: string
  /** Name of the process. */
  readonly by: string
}

interface Prepared {
  readonly tenure: Tenure
  readonly seq: number
  readonly lines: readonly string[]
}

/**
 * Keeps what is prepared in the handle alone, and records each commit with who prepared it and who makes it: what the
 * checkpoint protocol does shows undisturbed.
 */
export function recordingSink<T>(options: RecordingOptions): Sink<T> {
  return {
    kind: 'recording',
    guarantee: 'exactly-once',
    description: 'recording()',
    async open(context) {
      mkdirSync(options.folder, { recursive: true })
      return writer<T>(options, context)
    },
  }
}

function writer<T>({ folder, by }: RecordingOptions, { sink, task, tenure, clock }: SinkContext): SinkWriter<T> {
  let lines: string[] = []
  return {
    write({ values }) {
      for (const value of values) lines.push(JSON.stringify(value))
    },
    async prepare(seq) {
      const data = { tenure: { ...tenure }, seq, lines }
      if (lines.length === 0) return { handles: [] }
      lines = []
      return { handles: [{ sink, id: `${sink} ${task} ${tenureId(tenure)} ${seq}`, destination: folder, data }] }
    },
    async commit(handles) {
      for (const { id, data } of handles)
        recordCommit(folder, { at: clock.now(), by, sink, task, id, ...(data as unknown as Prepared) })
      return handles.map(() => 'committed')
    },
    async abort() {},
    async close() {},
  }
}
