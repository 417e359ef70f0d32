import {
  type CommitOutcome,
  count,
  from,
  type Handle,
  type Json,
  type Sink,
  type Source,
  tenureId,
  topology,
  tumbling,
  type,
  value,
} from '@millrace/core'
import { setTimeout as sleep } from 'node:timers/promises'

/** A record of {@link pacedCount}. */
interface Tick {
  readonly key: string
  readonly at: number
}

/** Keys that were counted, with when it was committed, in ms since 1970; and of which times the records were. */
export interface Committed {
  readonly at: number
  readonly keys: readonly string[]
  readonly ats: readonly number[]
}

const partitions = 4
const keys = 16
const tickMs = 10

/** Never ends: each partition gives a record of every key in turn, as time passes. */
const ticks: Source<Tick> = {
  kind: 'ticks',
  description: 'ticks()',
  async *partitions() {
    yield { partitions: Array.from({ length: partitions }, (_, i) => ({ id: `p${i}` })), final: false }
    await sleep(2 ** 31 - 1, undefined, { ref: false })
  },
  resolve: async () => String(Math.floor(Date.now() / tickMs)),
  open: async ({ id }, position) => {
    let next = Number(position)
    return {
      read: async () => {
        await sleep(tickMs)
        const now = Math.floor(Date.now() / tickMs)
        const values = Array.from({ length: Math.min(now - next, 1000) }, (_, i) => ({
          key: `k${(next + i) % keys}`,
          at: (next + i) * tickMs,
        }))
        next += values.length
        if (values.length === 0) return { type: 'idle', position: String(next) }
        const arrival = Date.now()
        const metaOf = (): { partition: string; arrival: number } => ({ partition: id, arrival })
        return { type: 'records', values, arrival, position: String(next), positionOf: String, metaOf }
      },
      close: async () => undefined,
    }
  },
  compare: (a, b) => Number(a) - Number(b),
}

/** Holds what it prepares in its handles, so that any process can commit it, and tells of each commit. */
const telling = (tell: (committed: Committed) => void): Sink<Tick> => ({
  kind: 'telling',
  description: 'telling()',
  guarantee: 'exactly-once',
  open: async ({ sink, task, tenure }) => {
    let pending: [string, number][] = []
    return {
      write: ({ values }) => void pending.push(...values.map(({ key, at }): [string, number] => [key, at])),
      prepare: async (seq) => {
        const data: Json = pending
        pending = []
        const id = `${task}/${tenureId(tenure)}/${seq}`
        return { handles: data.length === 0 ? [] : [{ sink, id, destination: 'parent', data }] }
      },
      commit: async (handles: readonly Handle[]): Promise<CommitOutcome[]> => {
        for (const { data } of handles) {
          const rows = data as [string, number][]
          tell({ at: Date.now(), keys: rows.map(([key]) => key), ats: rows.map(([, at]) => at) })
        }
        return handles.map(() => 'committed')
      },
      abort: async () => undefined,
      close: async () => undefined,
    }
  },
})

/** Counts ticks by key in short windows: some output all the time, of every task. */
export const pacedCount = (tell: (committed: Committed) => void) =>
  topology('paced')
    .sources(() => ({ ticks: from(ticks, { eventTime: 'at', outOfOrderness: '20ms' }) }))
    .build(({ ticks: all }) => {
      const counts = all.keyBy('key').window(tumbling('100ms')).aggregate({ n: count() })
      return { out: counts.map(({ key, start }) => ({ key, at: start })).to(telling(tell)) }
    })

/** Ticks as they come, from the task that reads them, or numbered by key behind an exchange. */
export const pacedTicks = (way: 'direct' | 'exchange', tell: (committed: Committed) => void) =>
  topology(`paced-${way}`)
    .sources(() => ({ ticks: from(ticks, { eventTime: 'at', outOfOrderness: '20ms' }) }))
    .build(({ ticks: all }) => {
      if (way === 'direct') return { out: all.to(telling(tell)) }
      const numbered = all.keyBy('key').process({
        state: { seen: value<number>() },
        emits: type<Tick>(),
        onRecord: (tick, { state: { seen }, emit }) => {
          seen.set((seen.get() ?? 0) + 1)
          emit(tick)
        },
      })
      return { out: numbered.to(telling(tell)) }
    })
