import { from, int, json, string, topology, type, value } from '@millrace/core'
import { folder } from '@millrace/file'
import { kinesis } from '@millrace/kinesis'

/** A record of the chaos: records of a key are numbered from 1. */
export interface Numbered {
  readonly key: string
  readonly n: number
}

/** What is known when a record is processed. */
export interface Processed extends Numbered {
  /** Number of the record of the key before this one; 0 for none. */
  readonly before: number
}

const decode = json({ key: string(), n: int() })

/** Two streams, one polled and one pushed; of each record it puts out which one of its key came before. */
export default topology('kinesis-chaos')
  .params({ endpoint: string(), out: string() })
  .sources(({ endpoint }) => {
    const place = { endpoint, region: 'us-east-1', decode, discoverEvery: '2s', pollEvery: '200ms' } as const
    return {
      polled: from(kinesis<Numbered>({ stream: 'polled', ...place })),
      pushed: from(kinesis<Numbered>({ stream: 'pushed', fanOut: { consumer: 'chaos' }, ...place })),
    }
  })
  .build(({ polled, pushed }, { out }) => {
    const processed = polled
      .union(pushed)
      .keyBy('key')
      .process({
        name: 'orders',
        state: { last: value<number>() },
        emits: type<Processed>(),
        onRecord({ key, n }, { state, emit }) {
          emit({ key, n, before: state.last.get() ?? 0 })
          state.last.set(n)
        },
      })
    return { out: processed.to(folder({ path: out, encode: json(), roll: { age: 0 } })) }
  })
