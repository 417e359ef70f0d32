import type { Keys } from '../keys.ts'
import type { RecordRef, Scripts } from '../scripts.ts'
import { stage, writeCheckpoint } from './checkpoint.ts'
import { claim } from './claim.ts'
import { depths, readExchanges } from './exchange.ts'
import { open, retire } from './job.ts'
import { acquire, release, renew } from './leases.ts'
import { letters, redrive } from './letters.ts'
import { ask, drain, heartbeat, leave } from './membership.ts'
import type { ModelServer, ScriptFlags } from './model-server.ts'
import { newRun, restore } from './new-run.ts'
import { register } from './partitions.ts'
import { type Context, currentRun, held } from './run.ts'
import { overview, tasks } from './status.ts'
import { raiseFloors } from './watermarks.ts'
import { freesMemory } from '../frees-memory.ts'

/** How {@link modelScripts} are connected. */
export interface ModelScriptsOptions {
  /** The server that answers at present: another one after a failover. */
  readonly server: () => ModelServer
  readonly keys: Keys
  /** Whether what a server has written up to an offset can no longer be forgotten. @default always */
  readonly isDurable?: (server: ModelServer, offset: number) => Promise<boolean> | boolean
}

/** {@link Scripts} without a Redis: they do to a {@link ModelServer} what the Lua scripts do to a real one, key by key. */
export function modelScripts({ server, keys, isDurable = () => true }: ModelScriptsOptions): Scripts {
  const run = <T>(script: (context: Context) => T, flags?: ScriptFlags): T => {
    const on = server()
    const now = Math.floor(on.clock.now())
    return on.run((data) => {
      const context: Context = { data, keys, server: on.id, now, moved: new Set() }
      const reply = script(context)
      raiseFloors(context)
      return reply
    }, flags)
  }
  const refused =
    <Q, T>(script: (context: Context, request: Q) => T) =>
    async (request: Q): Promise<T> =>
      run((context) => script(context, request))
  const allowed =
    <Q, T>(script: (context: Context, request: Q) => T) =>
    async (request: Q): Promise<T> =>
      run((context) => script(context, request), { allowOom: true })
  return {
    open: allowed(open),
    retire: allowed(retire),
    acquire: allowed(acquire),
    claim: allowed(claim),
    renew: allowed(renew),
    heartbeat: allowed(heartbeat),
    release: allowed(release),
    holds: allowed((context, { lease }) => held(context, currentRun(context), lease) !== undefined),
    ask: allowed(ask),
    leave: allowed(leave),
    drain: allowed(drain),
    knownPartitions: allowed(({ data }, { source }) =>
      data.sismember(keys.of('listed'), source) ? data.smembers(keys.of(`parts:${source}`)) : undefined,
    ),
    register: refused(register),
    stage: refused(stage),
    writeCheckpoint: async (request) =>
      run((context) => writeCheckpoint(context, request), { allowOom: freesMemory(request) }),
    records: allowed(({ data }, { task }) =>
      ['record', 'before'].flatMap((field) => data.hget(keys.of(`ckpt:${task}`), field) ?? []),
    ),
    readExchanges: allowed(readExchanges),
    depths: allowed((context, { exchanges }) => depths(context, exchanges)),
    letters: allowed(letters),
    redrive: refused((context, { ids }) => redrive(context, ids)),
    confirm: async ({ records }) => {
      const on = server()
      const isThere = run((context) => areThere(context, records), { allowOom: true })
      if (!isThere) return 'gone'
      return (await isDurable(on, on.offset)) ? 'durable' : 'short'
    },
    overview: async () => run(overview, { allowOom: true }),
    tasks: allowed((context, request) => tasks(context, request.tasks)),
    newRun: allowed(newRun),
    restore: refused(restore),
    close: async () => undefined,
  }
}

/** Writes a word, so that there is an offset to wait for, if all records are there. */
function areThere(context: Context, records: readonly RecordRef[]): boolean {
  const { data, keys, now } = context
  const run = currentRun(context)
  const isThere = records.every(({ lease, seq }) => {
    if (held(context, run, lease) === undefined) return false
    return Number(data.hget(keys.of(`ckpt:${lease.task}`), 'seq') ?? 0) >= seq
  })
  if (isThere) data.hset(keys.of('meta'), { confirmed: String(now) })
  return isThere
}
