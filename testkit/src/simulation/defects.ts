import {
  type ExchangeRows,
  type Lease,
  MillraceError,
  type Source,
  type StateBlob,
  type StateStore,
} from '@millrace/core'
import type { StartOptions } from '@millrace/runtime'
import { Outbox, type Scripts, TaskStates } from '@millrace/runtime/testing'
import type { Life } from './life.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimRecord } from './sim-stream.ts'

/** A fault of the product, put in by the simulation at one of its ports, which it must then find. */
export interface Defect {
  readonly name: string
  /** Of the profile that shows it best. @default any */
  readonly profile?: string
  /** Name of the scenario that shows it. @default plain lives */
  readonly scenario?: string
  /** Changes what a life is made of, before it begins. */
  readonly prepare?: (life: Life) => void
  /** Changes what a process asks of Redis. */
  readonly scripts?: (scripts: Scripts, life: Life, process: SimProcess) => Scripts
  readonly source?: (source: Source<SimRecord>, latest: (partition: string) => string) => Source<SimRecord>
  readonly options?: Partial<StartOptions>
  readonly store?: (store: StateStore, life: Life) => StateStore
  readonly blobId?: (id: string) => string
  readonly nonce?: () => string
  readonly gcGraceMs?: number
  /** Put in for the whole process, and taken out again. @returns what takes it out */
  readonly install?: () => () => void
}

type Over<K extends keyof Scripts> = (request: Parameters<Scripts[K]>[0]) => ReturnType<Scripts[K]>

const over = <K extends keyof Scripts>(scripts: Scripts, name: K, call: Over<K>): Scripts =>
  new Proxy(scripts, { get: (target, key) => (key === name ? call : Reflect.get(target, key)) as unknown })

/** The defects of the design's list of faults. */
export const defects: readonly Defect[] = [
  {
    name: 'epoch not checked at checkpoint',
    scripts: (scripts, { redis }) =>
      over(scripts, 'writeCheckpoint', (request) => {
        const holder = redis.holderOf(request.lease.task)
        return scripts.writeCheckpoint(holder ? { ...request, lease: { ...request.lease, ...holder } } : request)
      }),
  },
  {
    name: 'commit before the record is written',
    prepare: ({ destinations }) => destinations.forEach(({ defects: of }) => (of.commitsEarly = true)),
  },
  { name: 'commit before durable', scripts: (scripts) => over(scripts, 'confirm', async () => 'durable' as const) },
  {
    name: 'seq not compared',
    scripts: (scripts, { redis }) =>
      over(scripts, 'writeCheckpoint', (request) => {
        const seq = redis.lastSeq(request.lease.task) + 1
        const record = JSON.stringify({ ...(JSON.parse(request.record) as object), seq })
        return scripts.writeCheckpoint({ ...request, seq, record })
      }),
  },
  { name: 'nonce left out of the token', nonce: () => 'n' },
  {
    name: 'close() aborts',
    prepare: ({ destinations }) => destinations.forEach(({ defects: of }) => (of.abortsOnClose = true)),
  },
  {
    name: "abort before recovery's commit",
    prepare: ({ destinations }) => destinations.forEach(({ defects: of }) => (of.abortsOnOpen = true)),
  },
  {
    name: 'child started before its parent ended',
    profile: 'order',
    scripts: (scripts) =>
      over(scripts, 'register', (request) =>
        scripts.register({ ...request, found: request.found.map((row) => ({ ...row, parents: [], unlisted: [] })) }),
      ),
  },
  {
    name: 'children registered by discovery only',
    scripts: (scripts) =>
      over(scripts, 'writeCheckpoint', (request) =>
        scripts.writeCheckpoint(request.ended === undefined ? request : { ...request, ended: [] }),
      ),
  },
  {
    name: "exchange trimmed before the consumer's checkpoint",
    scripts: (scripts, { redis }) =>
      over(scripts, 'readExchanges', async (request) => {
        const reply = await scripts.readExchanges(request)
        if (reply.type === 'read')
          reply.found.forEach(({ entries }, i) => redis.trim(request.cursors[i], entries.at(-1)?.position))
        return reply
      }),
  },
  {
    name: 'lease clock taken from the worker',
    scripts: (scripts, { redis }, process) => {
      const byOwnClock = <K extends 'claim' | 'renew' | 'heartbeat' | 'acquire'>(name: K): Over<K> =>
        ((request: never) =>
          redis.withClock(process, () => (scripts[name] as (r: never) => unknown)(request))) as Over<K>
      return (['claim', 'renew', 'heartbeat', 'acquire'] as const).reduce<Scripts>(
        (changed, name) => over(changed, name, byOwnClock(name) as never),
        scripts,
      )
    },
  },
  { name: 'file names without tenure', blobId: (id: StateBlob['id']) => id.replace(/^.*-(\d+-[a-z]+)$/, '$1') },
  { name: 'GC without grace', profile: 'levels', gcGraceMs: 0 },
  {
    name: '`behind` taken per batch',
    profile: 'tumbling',
    install: () => {
      const before = Object.getOwnPropertyDescriptor(Outbox.prototype, 'add') as TypedPropertyDescriptor<Outbox['add']>
      const add = before.value as Outbox['add']
      Outbox.prototype.add = function (exchange, rows) {
        add.call(this, exchange, new Map([...rows].map(([partition, some]) => [partition, behindAsOne(some)])))
      }
      return () => void Object.defineProperty(Outbox.prototype, 'add', before)
    },
  },
  {
    name: 'LATEST resolved at each start',
    source: (source, latest) => ({
      ...source,
      open: (partition, position, context) =>
        source.open(partition, position === '0' ? latest(partition.id) : position, context),
    }),
  },
  {
    name: 'an old master without copies is trusted',
    scenario: 'old master',
    prepare: ({ redis }) => (redis.trustsOldMaster = true),
  },
  {
    name: 'aborts under a lease that may be forgotten',
    scenario: 'old master',
    scripts: (scripts, { redis }, { name }) =>
      over(scripts, 'confirm', async (request) =>
        request.records.some(({ lease }) => redis.hasHandles(name, lease.task)) ? scripts.confirm(request) : 'durable',
      ),
  },
  {
    name: 'output that was dropped counts as committed',
    scenario: 'expiring handles',
    prepare: ({ destinations }) => destinations.forEach(({ defects: of }) => (of.takesGoneForDone = true)),
  },
  {
    name: 'output that cannot be committed now counts as lost',
    scenario: 'expiring handles',
    prepare: ({ destinations }) => destinations.forEach(({ defects: of }) => (of.takesRetryForLost = true)),
  },
  {
    name: 'hash of a state file not compared',
    scenario: 'state files',
    store: (store, { damaged }) => ({
      ...store,
      read: async (task, blob) => damaged.get(blob.id) ?? store.read(task, blob),
    }),
  },
  {
    name: 'a file is deleted that an accepted record may name',
    scenario: 'state files',
    install: () => {
      const before = Object.getOwnPropertyDescriptor(TaskStates.prototype, 'unsure') as PropertyDescriptor
      TaskStates.prototype.unsure = () => undefined
      return () => void Object.defineProperty(TaskStates.prototype, 'unsure', before)
    },
  },
  { name: 'a stop waits for its last checkpoint for ever', scenario: 'full exchange', options: { stopWithin: '1h' } },
  {
    name: 'where memory is full, what would free some is refused',
    scenario: 'full exchange',
    scripts: (scripts, { redis }) =>
      over(scripts, 'writeCheckpoint', async (request) => {
        if (redis.isFullNow) throw new MillraceError('BACKPLANE', 'simulated: out of memory', { retryable: true })
        return scripts.writeCheckpoint(request)
      }),
  },
]

/** Whoever holds the lease of a task, as a lease names it. */
export type Holder = Pick<Lease, 'run' | 'epoch' | 'nonce'>

/** Rows that all bear the greatest mark of their batch. */
function behindAsOne(rows: ExchangeRows): ExchangeRows {
  const { length, keys, values, times, places, sequences } = rows
  const most = Math.max(...Array.from(rows.marks), ...Array.from(times))
  return { length, keys, values, times, places, sequences, marks: Array.from(times, () => most) }
}
