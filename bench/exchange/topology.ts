import { count, type Sink, from, type Source, topology, tumbling } from '@millrace/core'

/** How records are counted behind the exchange: one by one, or added up before it. */
export type Way = 'raw' | 'partial'

interface View {
  readonly user: string
  readonly page: string
  readonly ms: number
  readonly at: number
}

export const partitions = 8
const keys = 1_000

/** So many records in each partition. */
const views = (perPartition: number): Source<View> => ({
  kind: 'views',
  description: 'views()',
  async *partitions() {
    yield { partitions: Array.from({ length: partitions }, (_, i) => ({ id: `p${i}` })), final: true }
  },
  resolve: async () => '0',
  open: async ({ id }, position) => {
    let next = Number(position)
    return {
      read: async () => {
        if (next >= perPartition) return { type: 'end' }
        const first = next
        next = Math.min(next + 4096, perPartition)
        const values = Array.from({ length: next - first }, (_, i) => viewOf(first + i))
        const metaOf = (): { partition: string; arrival: number } => ({ partition: id, arrival: 1e12 })
        return { type: 'records', values, arrival: 1e12, position: String(next), positionOf: String, metaOf }
      },
      close: async () => undefined,
    }
  },
  compare: (a, b) => Number(a) - Number(b),
})

const viewOf = (i: number): View => ({
  user: `user-${(i * 7919) % keys}`,
  page: `/page/${i % 50}`,
  ms: i % 900,
  at: 1e9 + i,
})

const counting = (add: (records: number) => void): Sink<number> => ({
  kind: 'counting',
  description: 'counting()',
  guarantee: 'at-least-once',
  open: async () => ({
    write: ({ values }) => {
      for (const n of values) add(n)
    },
    prepare: async () => ({ handles: [] }),
    commit: async () => [],
    abort: async () => undefined,
    close: async () => undefined,
  }),
})

/** Counts records by user in windows of ten seconds. */
export const rekeyed = (way: Way, perPartition: number, add: (records: number) => void) =>
  topology(`rekeyed-${way}`)
    .sources(() => ({ views: from(views(perPartition), { eventTime: 'at' }) }))
    .build(({ views: all }) => {
      const windows = all
        .keyBy('user')
        .window(tumbling('10s'), way === 'raw' ? { early: { every: 1_000_000_000 } } : {})
      return {
        out: windows
          .aggregate({ n: count() })
          .map(({ n }) => n)
          .to(counting(add)),
      }
    })
