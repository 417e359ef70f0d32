// Mistakes that the compiler explains, one a numbered case: `mistakes.test.ts` compares what it says. Never run.
/* eslint-disable no-dupe-keys -- case 22 */
import {
  count,
  distinct,
  from,
  hopping,
  sliding,
  sum,
  string,
  topology,
  tumbling,
  type,
  value,
  type Stream,
  type Topology,
} from '@millrace/core'
import { consoleTable, elasticsearch, generate, json, kinesis, redshift, s3 } from '../connectors.ts'

interface Click {
  id: string
  user: string
  page: string
  at: number
  ms: number
  bot: boolean
  tags: string[]
  ref?: string
}
declare const clicks: Stream<Click>
declare const start: <P, S, O>(t: Topology<P, S, O>, options: { set: { [N in keyof P]?: P[N] } }) => void
declare const send: <P, S, O, N extends keyof S>(t: Topology<P, S, O>, source: N, record: S[N]) => void
const x = topology('x').sources(() => ({ c: from(generate((i) => ({ page: 'x', at: i }))) }))

// 1 wrong field in filter
clicks.filter((c) => !c.bott)
// 2 wrong field name in keyBy
clicks.keyBy('pgae')
// 3 key is not a scalar
clicks.keyBy((c) => [c.page, c.user])
// 4 key may be undefined
clicks.keyBy((c) => c.ref)
// 5 window before keyBy
clicks.window(tumbling('1m'))
// 6 bad duration
clicks.keyBy('page').window(tumbling('1 minute'))
// 7 sum of a string
clicks
  .keyBy('page')
  .window(tumbling('1m'))
  .aggregate({ s: sum('user') })
// 8 sum of a function that gives a string
clicks
  .keyBy('page')
  .window(tumbling('1m'))
  .aggregate({ s: sum((c) => c.user) })
// 9 reserved name
clicks.keyBy('page').window(tumbling('1m')).aggregate({ start: count() })
// Keys of two types in a join, once there are joins; until then another mistake with keys.
// 10 result with the name of the key
clicks.keyBy('page').window(tumbling('1m')).aggregate({ page: count() })
// 11 sink of another type
clicks
  .keyBy('page')
  .window(tumbling('1m'))
  .aggregate({ n: count() })
  .to(elasticsearch<{ id: string }>({ index: 'x', id: 'id' }))
// 12 unknown column
clicks.to(redshift({ table: 't', columns: { nope: 'x' } }))
// 13 forgot decode
from(kinesis({ stream: 's' }))
// 14 event time is no time
from(kinesis({ stream: 's', decode: json({ at: string() }) }), { eventTime: 'at' })
// 15 emit of the wrong shape
clicks.keyBy('user').process({
  state: { n: value<number>() },
  emits: type<{ user: string }>(),
  onRecord(c, { emit }) {
    emit({ usr: c.user })
  },
})
// 16 function in state
clicks.keyBy('user').process({
  state: { f: value<() => void>() },
  emits: type<string>(),
  onRecord(c, { state }) {
    state.f.set(() => {})
  },
})
// 17 forgot the aggregate
x.build(({ c }) => ({
  out: c
    .keyBy('page')
    .window(tumbling('1m'))
    .to(s3({ path: 'x' })),
}))
// 18 returned a stream, not a sink
x.build(({ c }) => ({ out: c.filter((r) => r.at > 0) }))
// 19 async map
clicks.map(async (c) => c.page).filter((p) => p.startsWith('/'))
// 20 unknown parameter
start(
  topology('x')
    .params({ out: string() })
    .sources(() => ({}))
    .build(() => ({})),
  { set: { outt: 'x' } },
)
// 21 test sends a wrong record
send(
  x.build(({ c }) => ({ out: c.to(s3({ path: 'x' })) })),
  'c',
  { pge: 'x', at: 1 },
)
// 22 two sinks of one name
x.build(({ c }) => ({ out: c.to(s3({ path: 'x' })), out: c.to(s3({ path: 'y' })) }))
// 23 hopping without every
clicks.keyBy('page').window(hopping({ size: '5m' }))
// 24 map after keyBy
clicks.keyBy('page').map((c) => c.page)
// 25 distinct of a list
clicks
  .keyBy('page')
  .window(tumbling('1m'))
  .aggregate({ s: distinct('tags') })
// 26 key field that is not a scalar
clicks.keyBy('tags')
// 27 key of fields, one of which may be undefined
clicks.keyBy(['page', 'ref'])
// 28 aggregate without a window
clicks.keyBy('page').aggregate({ n: count() })
// 29 sink after keyBy
clicks.keyBy('page').to(consoleTable())
// 30 dedupe without within
clicks.dedupe('id', {})
// 31 wrong onError
clicks.map((c) => c.page, { onError: 'ignore' })
// 32 source named as the topology's own stream
topology('x').sources(() => ({
  deadLetters: from(generate((i) => i)),
}))
// 33 branch named rest
clicks.split({ rest: (c) => c.bot })
// 34 no window in a window's place
clicks.keyBy('page').window({ size: '1m' })
// 35 sliding with a number of records
clicks.keyBy('page').window(sliding({ size: '5m', every: { records: 5 } }))
// 36 dedupe by a list
clicks.dedupe('tags', { within: '1m' })
// 37 union of something else
clicks.union([1, 2])
