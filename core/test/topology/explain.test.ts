import {
  count,
  distinct,
  from,
  int,
  list,
  mean,
  Secret,
  secret,
  session,
  sliding,
  string,
  topology,
  tumbling,
  type,
  value,
} from '@millrace/core'
import { expect, test } from 'vitest'
import { consoleTable, elasticsearch, files, generate, json, kinesis, redshift } from './connectors.ts'

const Click = { id: string(), user: string(), page: string() }

const pageViews = topology('page-views')
  .params({ stream: string({ default: 'clicks' }), out: string(), password: secret() })
  .sources((p) => ({
    clicks: from(kinesis({ stream: p.stream, decode: json(Click) }), { outOfOrderness: '90s', idleAfter: '30s' }),
    more: from(
      generate(() => ({ id: '', user: '', page: '', at: 0 })),
      { eventTime: 'at', onError: 'fail' },
    ),
  }))
  .build(({ clicks, more, deadLetters }, p) => {
    const all = clicks.union(more.filter(() => true, { onError: 'skip' }))
    const views = all
      .dedupe('id', { within: '10m' })
      .map((c) => c, { name: 'clean' })
      .keyBy(['user', 'page'])
      .window(sliding({ size: '5m', every: '1m' }), { allowedLateness: '1h', early: { every: 100 } })
      .aggregate({ views: count(), visitors: distinct('user'), length: mean((c) => c.page.length) })
    const { home, rest } = all.split({ home: (c) => c.page === '/' })
    const visits = home
      .keyBy((c) => c.user)
      .window(session({ gap: 500 }), { late: 'drop', early: '2d' })
      .process((clicks) => clicks)
    return {
      views: views.to(redshift({ table: 'views', password: p.password })),
      late: views.late.to(files({ path: p.out })),
      visits: visits.to(consoleTable()),
      all: rest
        .windowAll(tumbling('1d'))
        .reduce((a) => a)
        .to(consoleTable()),
      dead: deadLetters.to(elasticsearch({ index: 'dead', id: 'position' })),
    }
  })

test('shows the plan as a tree, with keys, windows, states, exchanges and guarantees', () => {
  expect(pageViews.explain()).toMatchInlineSnapshot(`
    "topology page-views

    source clicks: kinesis clicks, event time from the arrival, out of order by 90s, idle after 30s
    union #3
    ├─ ⇄ exchange by id
    │  dedupe by id within 10m, state clicks.dedupe
    │  map clean
    │  keyBy user, page
    │  ⇄ exchange by user, page
    │  window sliding 5m every 1m aggregate { views: count, visitors: distinct of user, length: mean of a function }, early every 100 records, allowed lateness 1h, state clean.window
    │  ├─ late records
    │  │  sink late: file <out>, exactly-once
    │  └─ sink views: redshift views, exactly-once
    └─ split into home
       ├─ branch home
       │  keyBy a function
       │  ⇄ exchange by a function
       │  window session with gap 500ms process, early every 2d, drops what is late, state home.window
       │  sink visits: console table, at-least-once
       └─ branch rest
          ⇄ exchange to one task
          windowAll tumbling 1d reduce, state clicks.windowAll
          sink all: console table, at-least-once

    source more: generate, event time from at, fails on error
    filter, skips on error
    → union #3

    dead letters
    sink dead: elasticsearch dead, idempotent"
  `)
})

test('shows the plan as a Mermaid flowchart', () => {
  expect(pageViews.explain({ out: 'a "quoted" <path>' }, 'mermaid')).toMatchInlineSnapshot(`
    "flowchart TD
      n0(["source clicks: kinesis clicks, event time from the arrival, out of order by 90s, idle after 30s"])
      n1(["source more: generate, event time from at, fails on error"])
      n2["filter, skips on error"]
      n3["union #35;3"]
      n4["dedupe by id within 10m, state clicks.dedupe"]
      n5["map clean"]
      n6["keyBy user, page"]
      n7["window sliding 5m every 1m aggregate { views: count, visitors: distinct of user, length: mean of a function }, early every 100 records, allowed lateness 1h, state clean.window"]
      n8["split into home"]
      n9["branch home"]
      n10["keyBy a function"]
      n11["window session with gap 500ms process, early every 2d, drops what is late, state home.window"]
      n12["late records"]
      n13["branch rest"]
      n14["windowAll tumbling 1d reduce, state clicks.windowAll"]
      n15(["dead letters"])
      n16[("sink views: redshift views, exactly-once")]
      n17[("sink late: file a #34;quoted#34; #60;path#62;, exactly-once")]
      n18[("sink visits: console table, at-least-once")]
      n19[("sink all: console table, at-least-once")]
      n20[("sink dead: elasticsearch dead, idempotent")]
      n1 --> n2
      n0 --> n3
      n2 --> n3
      n3 ==>|"exchange by id"| n4
      n4 --> n5
      n5 --> n6
      n6 ==>|"exchange by user, page"| n7
      n3 --> n8
      n8 --> n9
      n9 --> n10
      n10 ==>|"exchange by a function"| n11
      n7 --> n12
      n8 --> n13
      n13 ==>|"exchange to one task"| n14
      n7 --> n16
      n12 --> n17
      n11 --> n18
      n14 --> n19
      n15 --> n20"
  `)
})

test('shows keyed state, and where unread dead letters go', () => {
  const alerts = topology('alerts')
    .sources(() => ({ clicks: from(generate(() => ({ user: '' }))) }))
    .build(({ clicks }) => {
      const keyed = clicks.keyBy('user')
      return {
        alerts: keyed
          .process({ state: { n: value<number>(), pages: list<string>() }, emits: type<string>(), onRecord() {} })
          .to(consoleTable()),
        totals: keyed
          .reduce(
            () => 0,
            (n) => n + 1,
          )
          .to(consoleTable()),
      }
    })
  expect(alerts.explain()).toMatchInlineSnapshot(`
    "topology alerts

    source clicks: generate, event time from the arrival
    keyBy user
    ├─ ⇄ exchange by user
    │  process, state clicks.process (n: value, pages: list)
    │  sink alerts: console table, at-least-once
    └─ ⇄ exchange by user
       reduce, state clicks.reduce
       sink totals: console table, at-least-once

    dead letters: kept by the backplane"
  `)
})

test('is the same each time', () => {
  expect(pageViews.explain()).toBe(pageViews.explain())
  expect(pageViews.explain({}, 'mermaid')).toBe(pageViews.explain({}, 'mermaid'))
})

test('needs no value for text and secrets, and names what else is missing', () => {
  expect(pageViews.explain()).toContain('sink late: file <out>, exactly-once')
  expect(pageViews.explain({ out: '/tmp' })).toContain('sink late: file /tmp, exactly-once')
  const t = topology('x')
    .params({ every: int(), often: int() })
    .sources(() => ({ clicks: from(generate(() => 1)) }))
    .build(({ clicks }, p) => ({
      out: clicks
        .windowAll(tumbling(p.every))
        .reduce((a) => a)
        .to(consoleTable()),
    }))
  expect(() => t.explain()).toThrow('2 parameters are wrong:\n  - every: is missing; give --set every=…')
  expect(t.explain({ every: 1000, often: 1 })).toContain('windowAll tumbling 1s reduce')
})

test('opens no secret and prints no function', () => {
  const opened: string[] = []
  const password = new Secret(() => {
    opened.push('password')
    return 'hunter2'
  })
  const printed = [pageViews.explain({ password }), pageViews.explain({ password }, 'mermaid')].join()
  expect(printed).not.toMatch(/hunter2|page\.length|\(c\)/)
  expect(opened).toEqual([])
})
