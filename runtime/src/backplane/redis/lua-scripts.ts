import { tenureId } from '@millrace/core'
import { freesMemory } from './frees-memory.ts'
import { type Keys, parseScore } from './keys.ts'
import { luaScript } from './lua-script.ts'
import type { Durability } from './durability.ts'
import type { Argument, RedisPort, Reply } from './redis-port.ts'
import { bytesOf, listOf, numberOf, rowsOf, textOf, textOrNone, textsOf } from './reply-reader.ts'
import {
  childArguments,
  leaseArguments,
  pieceArguments,
  readArguments,
  restoreArguments,
  stageArguments,
  stageNameOf,
  writeArguments,
} from './script-arguments.ts'
import { flagsOf, leaseOf, overviewOf, readReplyOf, taskReplyOf, writeReplyOf } from './script-replies.ts'
import type { Scripts, TaskState } from './scripts.ts'

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
