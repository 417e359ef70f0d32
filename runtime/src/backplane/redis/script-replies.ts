import type { Lease } from '@millrace/core'
import { parseScore } from './keys.ts'
import type { Reply } from './redis-port.ts'
import { bytesOf, listOf, numberOf, rowsOf, textOf, textOrNone, textsOf } from './reply-reader.ts'
import type {
  FoundEntries,
  Overview,
  ReadReply,
  ReadRequest,
  StageShape,
  TaskReply,
  TaskState,
  WriteReply,
} from './scripts.ts'

// Replies of scripts, in the order that the headers in lua/ give.

export const leaseOf = (row: readonly Reply[], of: Pick<Lease, 'owner' | 'run' | 'nonce'>): Lease => ({
  task: textOf(row[0]),
  ...of,
  epoch: numberOf(row[1]),
  expiresAt: numberOf(row[2]),
})

export const flagsOf = (reply: Reply | undefined): boolean[] => Array.from(textOf(reply), (flag) => flag === '1')

export function writeReplyOf(reply: Reply): WriteReply {
  const [type, detail] = listOf(reply)
  const text = textOf(type)
  if (text === 'misplaced') return { type: text, last: numberOf(detail) }
  if (text === 'rolledBack') return { type: text, end: textOf(detail) }
  return { type: text as 'written' | 'already' | 'fenced' | 'unstaged' }
}

/** The least line of producers: the first one is missing when all have ended, and infinite when all are idle. */
function watermarkOf(reply: Reply | undefined): number | undefined {
  const least = textOrNone(reply)
  if (least === undefined) return Infinity
  const watermark = parseScore(least)
  return watermark === Infinity ? undefined : watermark
}

export function readReplyOf({ cursors }: ReadRequest, [type, ...rest]: readonly Reply[]): ReadReply {
  if (textOf(type) === 'read') return { type: 'read', found: rest.map(listOf).map(foundOf) }
  const [index, end, run, server, adopted] = rest
  const cursor = cursors[numberOf(index)]
  if (cursor === undefined) throw new Error('a cursor that was never asked for')
  return { type: 'beyond', cursor, end: textOf(end), run: textOf(run), isAdopted: textOf(server) === textOf(adopted) }
}

function foundOf([entries, atEnd, watermark]: readonly Reply[]): FoundEntries {
  const rows = rowsOf(listOf(entries), 2)
  return {
    entries: rows.map(([position, bytes]) => ({ position: textOf(position), bytes: bytesOf(bytes) })),
    atEnd: atEnd === 1,
    watermark: watermarkOf(watermark),
  }
}

export function overviewOf([run, now, lines, finished, stages]: readonly Reply[]): Overview {
  const rows = listOf(stages)
    .map(listOf)
    .map(([name, kind, sends, parts, watermark]) => ({
      isSource: textOf(kind) === 'source',
      shape: {
        name: textOf(name),
        kind: textOf(kind) === 'source' ? 'source' : 'exchange',
        partitions: textOf(kind) === 'source' ? 0 : numberOf(kind),
        sends: JSON.parse(textOf(sends)) as string[],
      } satisfies StageShape,
      parts: textsOf(parts),
      watermark: watermarkOf(watermark),
    }))
  const [sources, exchanges] = [rows.filter(({ isSource }) => isSource), rows.filter(({ isSource }) => !isSource)]
  return {
    run: textOf(run),
    now: numberOf(now),
    lines: textsOf(lines),
    stages: rows.map(({ shape }) => shape),
    partitions: Object.fromEntries(sources.map(({ shape, parts }) => [shape.name, parts])),
    watermarks: Object.fromEntries(exchanges.map(({ shape, watermark }) => [shape.name, watermark])),
    ends: Object.fromEntries(exchanges.map(({ shape, parts }) => [shape.name, parts])),
    finished: finished === 1,
  }
}

export function taskReplyOf(row: readonly Reply[]): TaskReply {
  const text = row.map(textOrNone)
  const score = (value: string | undefined): number | undefined => (value === undefined ? undefined : parseScore(value))
  return {
    task: text[0] ?? '',
    state: text[1] as TaskState,
    owner: text[2],
    epoch: numberOf(row[3]),
    expiresInMs: numberOf(row[4]),
    seq: numberOf(row[5]),
    takenAt: text[6] === undefined ? undefined : Number(text[6]),
    watermark: score(text[7]),
    partition: text[8],
    start: text[9],
    parents: JSON.parse(text[10] ?? '[]') as string[],
    from: parseScore(text[11] ?? '-inf'),
    end: score(text[12]),
    record: text[13],
  }
}
