import type { StateBlob } from '@millrace/core'
import { formatScore, parseScore } from '../../backplane/redis/keys.ts'
import type { RestoredTask } from '../../backplane/redis/scripts.ts'
import type { JobImage, WaitingFrame } from './job-image.ts'

/** Version of the format, which docs/operating.md describes. */
export const exportVersion = 1

/** Begins an export. */
export interface ExportHead extends Omit<JobImage, 'tasks'> {
  readonly format: 'millrace-export'
  readonly version: number
  /** When it was made, ISO 8601. */
  readonly at: string
}

/** One part of an export: a line of JSON, and bytes behind it where it says how many. */
export type ExportPart =
  | { readonly part: 'task'; readonly task: RestoredTask }
  | { readonly part: 'state'; readonly task: string; readonly blob: StateBlob; readonly bytes: Uint8Array }
  | ({ readonly part: 'frame' } & WaitingFrame)

/** Kinds of parts. */
export const partNames: readonly string[] = ['task', 'state', 'frame'] satisfies readonly ExportPart['part'][]

/** Ends an export. */
export interface ExportEnd {
  readonly part: 'end'
  readonly parts: number
  /** Of all bytes before this line, hex. */
  readonly sha256: string
}

/** The line of a part, and the bytes behind it. */
export function partLine(part: ExportPart): { readonly line: object; readonly bytes: Uint8Array | undefined } {
  switch (part.part) {
    case 'task':
      return { line: { part: 'task', ...taskLine(part.task) }, bytes: undefined }
    case 'state':
      return { line: { part: 'state', task: part.task, ...part.blob }, bytes: part.bytes }
    case 'frame': {
      const { exchange, partition, bytes } = part
      return { line: { part: 'frame', exchange, partition, bytes: bytes.length }, bytes }
    }
  }
}

/** JSON has no infinities. */
const taskLine = ({ from, end, watermark, ...task }: RestoredTask): object => ({
  ...task,
  from: formatScore(from),
  end: end === undefined ? undefined : formatScore(end),
  watermark: watermark === undefined ? undefined : formatScore(watermark),
})

type TaskLine = Omit<RestoredTask, 'from' | 'end' | 'watermark'> & {
  readonly from: string
  readonly end?: string
  readonly watermark?: string
}

/** A line as it is read back: what stands in it decides what it is. */
export type ReadLine =
  | ({ readonly part: 'task'; readonly bytes?: undefined } & TaskLine)
  | ({ readonly part: 'state'; readonly task: string } & StateBlob)
  | { readonly part: 'frame'; readonly exchange: string; readonly partition: number; readonly bytes: number }

/** The part of a line and the bytes behind it. */
export function partOf(line: ReadLine, bytes: Uint8Array): ExportPart {
  switch (line.part) {
    case 'task':
      return { part: 'task', task: taskOf(line) }
    case 'state': {
      const { task, id, kind, hash } = line
      return { part: 'state', task, blob: { id, kind, bytes: bytes.length, hash }, bytes }
    }
    case 'frame':
      return { part: 'frame', exchange: line.exchange, partition: line.partition, bytes }
  }
}

/** What is undefined is not in the line. */
function taskOf({ from, end, watermark, ...line }: TaskLine): RestoredTask {
  const { task, state, seq, takenAt, partition, start, parents, record } = line
  return {
    task,
    state,
    seq,
    takenAt,
    partition,
    start,
    parents,
    record,
    from: parseScore(from),
    end: end === undefined ? undefined : parseScore(end),
    watermark: watermark === undefined ? undefined : parseScore(watermark),
  }
}
