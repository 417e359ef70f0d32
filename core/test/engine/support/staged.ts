// Topologies that a cluster must run as one engine does.
import {
  collect,
  count,
  distinct,
  first,
  from,
  last,
  mapState,
  max,
  mean,
  min,
  session,
  sliding,
  sum,
  topology,
  tumbling,
  type,
  type DeadLetter,
  type Stream,
} from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import type { Graph } from '../../../src/topology/node.ts'
import type { Rec } from './oracle.ts'
import { unplaced } from './unplaced.ts'

interface Inputs {
  readonly left: Stream<Rec>
  readonly right: Stream<Rec>
  readonly deadLetters: Stream<DeadLetter>
}

type Build = (inputs: Inputs) => Readonly<Record<string, Stream<unknown>>>

/** One of them, and what must hold for its input and output. */
export interface Staged {
  readonly graph: Graph
  /** Its partitions must be in order of time: how timers and late records meet is not defined. */
  readonly inOrder?: boolean
  /**
   * How often a window fires again is not defined, only what it holds in the end. A session may fire again without
   * allowed lateness too: a record that is not late may fall into one that has ended.
   */
  readonly lastFirings?: boolean
}

function graphOf(build: Build): Graph {
  const timed = { eventTime: 'at', maxAhead: '1d' } as const
  return unplaced(() =>
    topology('staged')
      .sources(() => ({
        left: from(scripted<Rec>(), { ...timed, outOfOrderness: 4 }),
        right: from(scripted<Rec>(), { ...timed, outOfOrderness: 15 }),
      }))
      .build(({ left, right, deadLetters }) => {
        const streams = Object.entries(build({ left, right, deadLetters }))
        return Object.fromEntries(streams.map(([name, stream]) => [name, stream.to(collecting<unknown>())]))
      })
      .graph({}),
  )
}

/** Of no order, and smaller than the records. */
const totals = {
  n: count(),
  sum: sum<Rec>('n'),
  mean: mean<Rec>((r) => r.n / 3),
  least: min<Rec>('n'),
  most: max<Rec>('n'),
  first: first<Rec>(),
  last: last<Rec>(),
  ids: distinct<Rec>('id'),
}

const both = ({ left, right }: Inputs): Stream<Rec> => left.union(right)

const letter = ({ node, code, message, time }: DeadLetter): object => ({ node, code, message, time })

const slowly = (fold: (sums: number) => number) => ({ init: () => 0, fold })

/** All by what they show. */
export const staged: Readonly<Record<string, () => Staged>> = {
  tumbling: () => ({
    graph: graphOf((inputs) => {
      const fired = both(inputs).keyBy('key').window(tumbling(10)).aggregate(totals)
      return { fired, late: fired.late }
    }),
  }),
  'tumbling with records for results': () => ({
    graph: graphOf((inputs) => ({
      fired: both(inputs).keyBy(['key', 'n']).window(tumbling(10)).aggregate({ all: collect() }),
    })),
  }),
  'sliding totals that subtract': () => ({
    graph: graphOf((inputs) => {
      const { n, sum: total, ids } = totals
      const fired = both(inputs)
        .keyBy('key')
        .window(sliding({ size: 30, every: 10 }))
        .aggregate({ n, total, ids })
      return { fired, late: fired.late }
    }),
  }),
  'sliding totals that merge': () => ({
    graph: graphOf((inputs) => ({
      fired: both(inputs)
        .keyBy('key')
        .window(sliding({ size: 12, every: 3 }))
        .aggregate(totals),
    })),
  }),
  session: () => ({
    lastFirings: true,
    graph: graphOf((inputs) => {
      const fired = both(inputs)
        .keyBy('key')
        .window(session({ gap: 7 }))
        .aggregate({ n: count(), all: collect() })
      return { fired, late: fired.late }
    }),
  }),
  'allowed lateness': () => ({
    lastFirings: true,
    graph: graphOf((inputs) => {
      const keyed = both(inputs).keyBy('key')
      const fired = keyed.window(tumbling(10), { name: 'one', allowedLateness: 10 }).aggregate(totals)
      const slid = keyed.window(sliding({ size: 20, every: 5 }), { name: 'two', allowedLateness: 7 }).aggregate(totals)
      const sessions = keyed
        .window(session({ gap: 5 }), { name: 'three', allowedLateness: 100 })
        .aggregate({ n: count() })
      return { fired, slid, late: fired.late, lateToo: slid.late, sessions }
    }),
  }),
  'windows of windows': () => ({
    graph: graphOf((inputs) => {
      const once = both(inputs).keyBy('key').window(tumbling(5), { name: 'first' }).aggregate({ n: count() })
      const again = once
        .keyBy('key')
        .window(sliding({ size: 20, every: 5 }), { name: 'second' })
        .aggregate({ n: sum('n'), results: count() })
      const all = again.windowAll(tumbling(20), { name: 'third' }).aggregate({ n: sum('n'), last: last() })
      return { again, all, late: again.late.union(all.late) }
    }),
  }),
  dedupe: () => ({
    lastFirings: true,
    graph: graphOf((inputs) => ({
      fired: both(inputs)
        .dedupe(['key', 'at', 'n'], { within: 10 })
        .keyBy((r) => r.key.charCodeAt(0))
        .window(tumbling(10), { allowedLateness: 1000 })
        .aggregate({ n: count(), sum: sum('n') }),
    })),
  }),
  reduce: () => ({
    graph: graphOf((inputs) => {
      const { init, fold } = slowly((n) => n + 1)
      const counted = both(inputs).keyBy('key').reduce(init, fold)
      const windows = counted.keyBy('key').window(tumbling(10), { name: 'windows' }).aggregate({ n: count() })
      return { counted, windows, late: windows.late.map(({ key }) => key) }
    }),
  }),
  'event timers': () => ({
    inOrder: true,
    graph: graphOf((inputs) => ({
      alarms: both(inputs)
        .keyBy('key')
        .process({
          state: { counts: mapState<number, number>() },
          emits: type<object>(),
          onRecord({ at }, { state, timers }) {
            const bucket = Math.floor(at / 10) * 10
            state.counts.set(bucket, (state.counts.get(bucket) ?? 0) + 1)
            timers.eventTime(bucket + 30, String(bucket))
          },
          onTimer({ tag }, { state, key, time, emit }) {
            emit({ key, time, tag, n: state.counts.get(Number(tag)) })
            state.counts.delete(Number(tag))
          },
        }),
    })),
  }),
  windowAll: () => ({
    lastFirings: true,
    graph: graphOf((inputs) => {
      const windows = inputs.left.windowAll(tumbling(10), { name: 'windows' }).reduce((a, b) => (a.id < b.id ? a : b))
      const sessions = inputs.right.windowAll(session({ gap: 3 }), { name: 'sessions' }).aggregate({ n: count() })
      return { windows, sessions, late: windows.late.union(sessions.late) }
    }),
  }),
  'a diamond': () => ({
    graph: graphOf(({ left, right }) => {
      const { high, rest } = left.split({ high: ({ n }) => n > 0 })
      const first = high.keyBy('key').window(tumbling(10), { name: 'high' }).aggregate({ n: count() })
      const flat = rest.flatMap(({ key, at }) => [
        { key, n: at },
        { key, n: -at },
      ])
      const met = first
        .map(({ key, n }) => ({ key, n }))
        .union(
          flat,
          right.map(({ key, n }) => ({ key, n })),
        )
      return {
        met,
        summed: met
          .keyBy('key')
          .window(tumbling(20), { name: 'met' })
          .aggregate({ n: sum('n') }),
      }
    }),
  }),
  'dead letters': () => ({
    graph: graphOf((inputs) => {
      const { init, fold } = slowly((n) => n + 1)
      const checked = both(inputs).map((r) => {
        if (r.n === 3) throw new Error(`no ${r.id}`)
        return r.n === 2 ? { ...r, key: NaN as unknown as string } : r.n === 1 ? { ...r, n: Infinity } : r
      })
      const fired = checked
        .keyBy('key')
        .window(tumbling(10))
        .aggregate({ n: count(), sum: sum('n') })
      const refused = fired.map((r) => {
        if (r.n % 2 === 0) throw new Error(`no even ${r.n}`)
        return r
      })
      const { deadLetters } = inputs
      const failing = deadLetters.map((read) => {
        if (read.code === 'LATE') throw new Error('no late ones')
        return read.code
      })
      const counts = failing.keyBy((code) => code).reduce(init, fold, { name: 'letters' })
      const behind = counts.map(({ key, value }) => {
        if (key === 'USER_CODE') throw new Error('not these')
        return value
      })
      return { refused, letters: deadLetters.map(letter), behind }
    }),
  }),
  'dead letters that nobody reads': () => ({
    graph: graphOf(({ left, right }) => {
      const slid = left
        .keyBy('n')
        .window(sliding({ size: 20, every: 10 }), { name: 'slid' })
        .aggregate({ records: count() })
      const dropped = right
        .keyBy((r) => r.n > 0)
        .window(tumbling(10), { name: 'dropped', late: 'drop' })
        .aggregate(totals)
      return { slid, dropped }
    }),
  }),
}
