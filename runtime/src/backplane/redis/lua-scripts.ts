import { type Lease, tenureId } from '@millrace/core'
import { freesMemory } from './frees-memory.ts'
import { formatScore, type Keys, parseScore } from './keys.ts'
import { luaScript } from './lua-script.ts'
import type { Durability } from './durability.ts'
import type { Argument, RedisPort, Reply } from './redis-port.ts'
import { bytesOf, listOf, numberOf, rowsOf, textOf, textOrNone, textsOf } from './reply-reader.ts'
import type {
  FoundEntries,
  FoundRow,
  Overview,
  Piece,
  ReadReply,
  ReadRequest,
  RestoredTask,
  Scripts,
  StageShape,
  TaskReply,
  TaskState,
  WriteReply,
  WriteRequest,
} from './scripts.ts'

/** How long sessions that have left are remembered, for requests that come late. */
const leftMs = 3_600_000

/** {@link Scripts} of a real Redis: the one place that knows the order of arguments and replies. */
export function luaScripts(port: RedisPort, keys: Keys, durability: Durability): Scripts {
  const run = (name: string, ...args: readonly Argument[]): Promise<Reply> =>
    port.run(luaScript(name), keys.prefix, args)
  return {
    open: async ({ stages, nonce }) => {
      const [run_, partitions, sources] = listOf(await run('open', nonce, ...stages.flatMap(stageArguments)))
      const numbers = rowsOf(listOf(partitions), 2).map(([name, n]) => [textOf(name), numberOf(n)] as const)
      return { run: textOf(run_), partitions: Object.fromEntries(numbers), sources: textsOf(sources).toSorted() }
    },
    retire: async ({ stages }) => void (await run('retire', ...stages)),
    acquire: async ({ task, owner, leaseMs, nonce }) => {
      const reply = listOf(await run('acquire', task, owner, String(leaseMs), nonce))
      if (textOf(reply[0]) === 'held') return { type: 'held', owner: textOf(reply[1]), expiresInMs: numberOf(reply[2]) }
      const lease = { task, owner, run: textOf(reply[1]), epoch: numberOf(reply[2]), nonce: textOf(reply[3]) }
      return { type: 'acquired', lease: { ...lease, expiresAt: numberOf(reply[4]) } }
    },
    claim: async ({ worker, most, mostOfSources, leaseMs, nonce, session, number }) => {
      const limits = [String(most), String(mostOfSources), String(leaseMs)]
      const [run_, ...rows] = listOf(await run('claim', worker, ...limits, nonce, session, String(number)))
      return rows.map(listOf).map((row) => ({
        lease: leaseOf(row, { owner: worker, run: textOf(run_), nonce: textOf(row[6]) }),
        partition: textOrNone(row[3]),
        start: textOrNone(row[4]),
        watermark: parseScore(textOf(row[5])),
      }))
    },
    renew: async ({ leases, leaseMs }) =>
      flagsOf(await run('renew', String(leaseMs), ...leases.flatMap(leaseArguments))),
    heartbeat: async ({ worker, session, leases, leaseMs, line, wantsLines }) => {
      const head = [worker, session, String(leaseMs), line, wantsLines ? '1' : '0']
      const args = [...head, ...leases.flatMap(leaseArguments)]
      const [held, alive, lines, tasks, free, asks, drain, finished, run_] = listOf(await run('heartbeat', ...args))
      return {
        held: flagsOf(held),
        alive: numberOf(alive),
        lines: textsOf(lines),
        tasks: numberOf(tasks),
        free: numberOf(free),
        asks: textsOf(asks),
        drain: drain === 1,
        finished: finished === 1,
        run: textOf(run_),
      }
    },
    release: async ({ lease, reserveFor = '' }) => void (await run('release', ...leaseArguments(lease), reserveFor)),
    holds: async ({ lease }) => (await run('holds', ...leaseArguments(lease))) === 1,
    ask: async ({ from, worker, leaseMs }) => void (await run('ask', from, worker, String(leaseMs))),
    leave: async ({ worker, session = '' }) => void (await run('leave', worker, session, String(leftMs))),
    drain: async ({ worker }) => (await run('drain', worker)) === 1,
    knownPartitions: async ({ source }) => {
      const reply = await run('known-partitions', source)
      return reply === null ? undefined : textsOf(reply)
    },
    register: async ({ lease, source, found, isLast, final }) => {
      const rows = found.flatMap((row) => [...childArguments(row), JSON.stringify(row.unlisted)])
      const args = [...leaseArguments(lease), source, isLast ? '1' : '0', final ? '1' : '0', ...rows]
      const reply = await run('register', ...args)
      return reply === null ? 'fenced' : (textsOf(reply) as TaskState[])
    },
    stage: async ({ lease, seq, piece, offset, contents, isLast }) => {
      const head = [String(seq), tenureId(lease), String(piece), String(offset), isLast ? '1' : '0']
      return writeReplyOf(await run('stage', ...leaseArguments(lease), ...head, ...contents.flatMap(pieceArguments)))
    },
    writeCheckpoint: async (request) => {
      const name = freesMemory(request) ? 'write-freeing-checkpoint' : 'write-checkpoint'
      return writeReplyOf(await run(name, ...writeArguments(request)))
    },
    records: async ({ task }) => listOf(await run('records', task)).flatMap((record) => textOrNone(record) ?? []),
    readExchanges: async (request) =>
      readReplyOf(request, listOf(await run('read-exchanges', ...readArguments(request)))),
    depths: async ({ exchanges }) =>
      listOf(await run('depths', ...exchanges)).map((depths) => listOf(depths).map(numberOf)),
    letters: async ({ state = '', after, limit, mostBytes }) => {
      const reply = listOf(await run('letters', state, String(after), String(limit), String(mostBytes)))
      return rowsOf(reply, 3).map(([id, of, bytes]) => ({
        id: numberOf(id),
        state: textOf(of) === 'redrive' ? 'redrive' : 'stored',
        bytes: bytesOf(bytes),
      }))
    },
    redrive: async ({ ids }) => (ids?.length === 0 ? 0 : numberOf(await run('redrive', ...(ids ?? []).map(String)))),
    confirm: ({ records }) => {
      const args = records.flatMap(({ lease, seq }) => [...leaseArguments(lease), String(seq)])
      return durability.confirm(port, keys.prefix, args)
    },
    overview: async () => overviewOf(listOf(await run('overview'))),
    tasks: async ({ tasks }) =>
      listOf(await run('tasks', ...tasks))
        .map(listOf)
        .map(taskReplyOf),
    newRun: async ({ nonce, from }) => textOf(await run('new-run', nonce, from)) as 'begun' | 'already' | 'changed',
    restore: async ({ run: of, stages, ends, tasks }) => {
      const positions = Object.entries(ends).flatMap(([name, each]) => each.map((end, p) => [name, String(p), end]))
      const counts = [String(stages.length), String(positions.length)]
      const kindOf = new Map(stages.map(({ name, kind }) => [name, kind]))
      const rows = tasks.flatMap((task) => restoreArguments(task, kindOf.get(stageNameOf(task.task)) ?? 'source'))
      const args = [of, ...counts, ...stages.flatMap(stageArguments), ...positions.flat(), ...rows]
      return (await run('restore', ...args)) === 1 ? 'restored' : 'changed'
    },
    close: () => port.close(),
  }
}

const stageNameOf = (task: string): string => task.slice(0, task.indexOf('/'))

const leaseArguments = ({ run, task, epoch, nonce }: Lease): string[] => [run, task, String(epoch), nonce]

const stageArguments = ({ name, kind, partitions, sends }: StageShape): string[] => [
  name,
  kind,
  String(partitions),
  JSON.stringify(sends),
]

/** Text that may be missing. */
const optional = (text: string | undefined): string => (text === undefined ? '0' : `1${text}`)

const childArguments = ({ id, partition, start, parents }: FoundRow): string[] => [
  id,
  partition,
  optional(start),
  JSON.stringify(parents),
]

const pieceArguments = (piece: Piece): Argument[] =>
  piece.type === 'letter' ? ['', piece.bytes] : [`${piece.exchange}:${piece.partition}`, piece.bytes]

function writeArguments(request: WriteRequest): Argument[] {
  const { lease, seq, takenAt, record, watermark, idle, sends, consumed, staged, contents, redriven, ended } = request
  return [
    ...leaseArguments(lease),
    String(seq),
    tenureId(lease),
    String(takenAt),
    record,
    watermark === undefined ? '' : formatScore(watermark),
    idle ? '1' : '0',
    JSON.stringify(sends),
    consumed?.exchange ?? '',
    String(consumed?.partition ?? ''),
    consumed?.position ?? '',
    String(staged),
    String(contents.length),
    String(redriven.length),
    ended === undefined ? '' : String(ended.length),
    ...contents.flatMap(pieceArguments),
    ...redriven.map(String),
    ...(ended ?? []).flatMap(childArguments),
  ]
}

const readArguments = ({ cursors, mostBytes, mostTotalBytes }: ReadRequest): string[] => [
  String(mostBytes),
  String(mostTotalBytes),
  ...cursors.flatMap(({ exchange, partition, after }) => [exchange, String(partition), after]),
]

function restoreArguments(row: RestoredTask, kind: StageShape['kind']): string[] {
  const { task, state, partition, start, parents, from, end, seq, takenAt, watermark, record } = row
  const given = (value: string | number | undefined): string => (value === undefined ? '' : `1${value}`)
  const score = (value: number | undefined): string => given(value === undefined ? undefined : formatScore(value))
  return [
    task,
    kind,
    state,
    given(partition),
    given(start),
    JSON.stringify(parents),
    formatScore(from),
    score(end),
    String(seq),
    given(takenAt),
    score(watermark),
    given(record),
  ]
}

const leaseOf = (row: readonly Reply[], of: Pick<Lease, 'owner' | 'run' | 'nonce'>): Lease => ({
  task: textOf(row[0]),
  ...of,
  epoch: numberOf(row[1]),
  expiresAt: numberOf(row[2]),
})

const flagsOf = (reply: Reply | undefined): boolean[] => [...textOf(reply)].map((flag) => flag === '1')

function writeReplyOf(reply: Reply): WriteReply {
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

function readReplyOf({ cursors }: ReadRequest, [type, ...rest]: readonly Reply[]): ReadReply {
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

function overviewOf([run, now, lines, finished, stages]: readonly Reply[]): Overview {
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

function taskReplyOf(row: readonly Reply[]): TaskReply {
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
