// Twelve realistic topologies, as users write them: they compile, describe themselves, and type what they give.
import {
  boolean,
  collect,
  count,
  distinct,
  first,
  from,
  hopping,
  int,
  last,
  list,
  max,
  mean,
  number,
  optional,
  secret,
  session,
  sliding,
  string,
  sum,
  topology,
  tumbling,
  type,
  value,
  type OfShape,
  type Topology,
} from '@millrace/core'
import { expect, expectTypeOf, test } from 'vitest'
import {
  accessLog,
  consoleTable,
  elasticsearch,
  file,
  files,
  generate,
  json,
  kafka,
  kinesis,
  lines,
  redshift,
  s3,
} from './connectors.ts'

const Click = {
  id: string(),
  user: string(),
  page: string(),
  at: number(),
  ms: number(),
  bot: boolean(),
  ref: optional(string()),
}
type Click = OfShape<typeof Click>

/** Names of the states of a topology, as its plan prints them. */
const states = <P>(t: Topology<P, unknown, unknown>): string[] =>
  Array.from(t.explain().matchAll(/state ([\w.-]+)/g), ([, name = '']) => name)

test('counts an access log in sliding windows', () => {
  const accessLogs = topology('access-log')
    .params({ input: string({ default: './access.log' }), out: string(), every: int({ default: 60_000 }) })
    .sources((p) => ({
      requests: from(file({ path: p.input, decode: accessLog() }), { eventTime: 'at', outOfOrderness: '5s' }),
    }))
    .build(({ requests, deadLetters }, p) => {
      const paths = requests
        .filter((r) => !/bot/i.test(r.agent))
        .dedupe((r) => `${r.host} ${r.at} ${r.path}`, { within: '10m' })
        .keyBy('path')
        .window(hopping({ size: '5m', every: p.every }), { allowedLateness: '1m' })
        .aggregate({ views: count(), visitors: distinct('host'), bytes: sum('bytes'), mean: mean((r) => r.bytes) })
      return {
        paths: paths.to(files({ path: (r) => `${p.out}/date=${r.start}` })),
        late: paths.late.to(files({ path: p.out })),
        dead: deadLetters.to(files({ path: p.out })),
      }
    })
  type Output = typeof accessLogs extends Topology<unknown, unknown, infer O> ? O : never
  expectTypeOf<Output['paths']>().toEqualTypeOf<{
    readonly path: string
    start: number
    end: number
    views: number
    visitors: number
    bytes: number
    mean: number
  }>()
  expect(states(accessLogs)).toEqual(['requests.dedupe', 'requests.window'])
})

test('counts page views out of Kinesis into Redshift', () => {
  const pageViews = topology('page-views')
    .params({ stream: string({ default: 'clicks' }), password: secret() })
    .sources((p) => ({
      clicks: from(kinesis({ stream: p.stream, decode: json(Click) }), {
        eventTime: (c) => c.at,
        outOfOrderness: '5s',
        idleAfter: '30s',
      }),
    }))
    .build(({ clicks }, p) => {
      const views = clicks
        .filter((c) => !c.bot)
        .keyBy('page')
        .window(tumbling('1m'))
        .aggregate({ views: count(), visitors: distinct('user'), lastSeen: max('at') })
      return { views: views.to(redshift({ table: 'views', columns: { views: 'n_views' }, password: p.password })) }
    })
  expectTypeOf(pageViews).toExtend<Topology<{ stream: string }, { clicks: Click }, { views: { page: string } }>>()
  expect(states(pageViews)).toEqual(['clicks.window'])
})

test('finds fraud with keyed state and timers', () => {
  interface Alert {
    card: string
    reason: 'velocity' | 'travel'
    total: number
  }
  const fraud = topology('fraud')
    .sources(() => ({
      txs: from(
        kafka({ topic: 'tx', decode: json({ card: string(), amount: number(), at: int(), country: string() }) }),
        {
          eventTime: 'at',
        },
      ),
    }))
    .build(({ txs }) => {
      const alerts = txs.keyBy('card').process({
        state: { total: value<number>(), countries: list<string>({ ttl: '1d' }) },
        emits: type<Alert>(),
        onRecord(tx, { state, emit, timers, key }) {
          const total = (state.total.get() ?? 0) + tx.amount
          state.total.set(total)
          state.countries.add(tx.country)
          timers.eventTime(tx.at + 60_000, 'forget')
          if (total > 1000) emit({ card: key, reason: 'velocity', total })
        },
        onTimer(_, { state }) {
          state.total.clear()
        },
      })
      return { alerts: alerts.to(elasticsearch({ index: 'alerts', id: 'card' })) }
    })
  expectTypeOf(fraud).toExtend<Topology<{}, unknown, { alerts: Alert }>>()
  expect(states(fraud)).toEqual(['txs.process'])
})

test('keeps a running total for each user', () => {
  const totals = topology('totals')
    .sources(() => ({
      orders: from(kafka({ topic: 'orders', decode: json({ user: string(), total: number() }) })),
    }))
    .build(({ orders }) => {
      const spent = orders.keyBy('user').reduce(
        () => 0,
        (sofar, order) => sofar + order.total,
      )

      return { spent: spent.to(s3({ path: (s) => `spent/${s.user}` })) }
    })
  expectTypeOf(totals).toExtend<Topology<{}, unknown, { spent: { user: string; value: number } }>>()
  expect(states(totals)).toEqual(['orders.reduce'])
})

test('follows sessions', () => {
  const sessions = topology('sessions')
    .sources(() => ({ clicks: from(kinesis({ stream: 'c', decode: json(Click) }), { eventTime: 'at' }) }))
    .build(({ clicks }) => {
      const visits = clicks
        .keyBy('user')
        .window(session({ gap: '30m' }), { early: '1m' })
        .aggregate({ pages: collect(), n: count() })
      const rows = visits.map((v) => ({ user: v.user, ms: v.end - v.start, first: v.pages[0]?.page }))
      return { sessions: rows.to(redshift({ table: 'sessions' })) }
    })
  expect(states(sessions)).toEqual(['clicks.window'])
})

test('averages prices over the last ten seconds', () => {
  const avg = topology('avg')
    .sources(() => ({
      ticks: from(kinesis({ stream: 't', decode: json({ ticker: string(), price: number(), at: int() }) }), {
        eventTime: 'at',
      }),
    }))
    .build(({ ticks }) => {
      const prices = ticks
        .keyBy('ticker')
        .window(sliding({ size: '10s', every: '1s' }))
        .aggregate({ price: mean('price'), open: first(), latest: last() })
      expectTypeOf(prices.late).toEqualTypeOf(ticks)
      return { avg: prices.to(consoleTable()) }
    })
  expectTypeOf(avg).toExtend<Topology<{}, unknown, { avg: { price: number; latest: { price: number; at: number } } }>>()
})

test('ranks windows in a second window of the same size', () => {
  const top = topology('top')
    .sources(() => ({
      clicks: from(
        generate((i) => ({ page: `/p/${i % 10}`, at: i })),
        { eventTime: 'at' },
      ),
    }))
    .build(({ clicks }) => {
      const perPage = clicks.keyBy('page').window(tumbling('1m')).aggregate({ views: count() })
      const best = perPage.windowAll(tumbling('1m'), { name: 'best' }).reduce((a, b) => (b.views > a.views ? b : a))
      return { best: best.map((b) => b.value.page).to(consoleTable()) }
    })
  expectTypeOf(top).toExtend<Topology<{}, unknown, { best: string }>>()
  expect(states(top)).toEqual(['clicks.window', 'best'])
})

test('feeds several sinks from one source', () => {
  const multi = topology('multi')
    .sources(() => ({ clicks: from(kinesis({ stream: 'c', decode: json(Click) }), { eventTime: 'at' }) }))
    .build(({ clicks }) => {
      const perPage = clicks.keyBy('page').window(tumbling('1m')).aggregate({ n: count() })
      const perUser = clicks
        .keyBy(['user', 'page'])
        .window(tumbling('1m'), { name: 'per-user' })
        .aggregate({ n: count() })
      return {
        raw: clicks.to(s3({ path: (c) => c.page })),
        perPage: perPage.to(redshift({ table: 'a' })),
        perUser: perUser.to(elasticsearch({ index: 'u', id: (r) => r.user + r.page })),
      }
    })
  expect(states(multi)).toEqual(['per-user', 'clicks.window'].toReversed())
})

test('turns changes of a table into rows', () => {
  interface Change {
    op: 'c' | 'u' | 'd'
    id: number
    row: { name: string } | null
  }
  const cdc = topology('cdc')
    .sources(() => ({
      changes: from(kafka({ topic: 'cdc', decode: json<Change>() }), { eventTime: (_, meta) => meta.arrival }),
    }))
    .build(({ changes }) => ({
      users: changes
        .map((c) => ({ id: c.id, name: c.row?.name ?? '', gone: c.op === 'd' }))
        .to(redshift({ table: 'users' })),
    }))
  expect(states(cdc)).toEqual([])
})

test('keeps dead letters for another try', () => {
  const redrive = topology('redrive')
    .sources(() => ({ lines: from(file({ path: 'x', decode: lines() })) }))
    .build((inputs) => ({
      ok: inputs.lines.map((l) => JSON.parse(l) as { a: number }, { onError: 'deadLetter' }).to(files({ path: 'out' })),
      dead: inputs.deadLetters.filter((d) => d.code !== 'LATE').to(s3({ path: (d) => d.node })),
    }))
  expect(redrive.explain()).toContain('dead letters\nfilter\nsink dead: s3 a path for each record, exactly-once')
})

test('splits a stream by the kind of its records', () => {
  type Event = { kind: 'buy'; total: number; at: number } | { kind: 'view'; page: string; at: number }
  const ab = topology('ab')
    .sources(() => ({ events: from(kafka({ topic: 'e', decode: json<Event>() }), { eventTime: 'at' }) }))
    .build(({ events }) => {
      const { buys, views, rest } = events.split({ buys: (e) => e.kind === 'buy', views: (e) => e.kind === 'view' })
      return {
        buys: buys.map((b) => b.total).to(consoleTable()),
        views: views.map((v) => v.page).to(consoleTable()),
        rest: rest.to(consoleTable()),
      }
    })
  expectTypeOf(ab).toExtend<Topology<{}, { events: Event }, { buys: number; views: string; rest: never }>>()
})

test('counts two sources as one', () => {
  const both = topology('both')
    .sources(() => ({
      web: from(kinesis({ stream: 'web', decode: json(Click) }), { eventTime: 'at' }),
      app: from(kafka({ topic: 'app', decode: json({ user: string(), screen: string(), at: int() }) }), {
        eventTime: 'at',
      }),
    }))
    .build(({ web, app }) => {
      const visits = web
        .map((c) => ({ user: c.user, place: c.page }))
        .union(app.map((a) => ({ user: a.user, place: a.screen })))
      const perUser = visits
        .keyBy('user')
        .window(tumbling('1h'))
        .aggregate({ places: distinct('place') })
      return { perUser: perUser.to(consoleTable()) }
    })
  expect(states(both)).toEqual(['app.window'])
})
