import type { Stream } from '@millrace/core'
import { expect, expectTypeOf, test } from 'vitest'
import { graphOf, nodesOf, type Click } from './clicks.ts'
import { consoleTable } from './connectors.ts'

test('makes a stream of each branch and one of the rest, as nodes in order', () => {
  const isBot = (c: Click) => c.bot
  const isHome = (c: Click) => c.page === '/'
  const { nodes } = graphOf(({ clicks }) => {
    const { bots, home, rest } = clicks.split({ bots: isBot, home: isHome }, { name: 'kinds', onError: 'skip' })
    expectTypeOf([bots, home, rest]).toEqualTypeOf<Stream<Click>[]>()
    return { bots: bots.to(consoleTable()), home: home.to(consoleTable()), rest: rest.to(consoleTable()) }
  })
  expect(nodes.slice(1, 5)).toMatchObject([
    {
      kind: 'split',
      name: 'kinds',
      onError: 'skip',
      branches: [
        { name: 'bots', fn: isBot },
        { name: 'home', fn: isHome },
      ],
    },
    { kind: 'branch', name: 'bots', branch: 0, inputs: [{ kind: 'split' }] },
    { kind: 'branch', name: 'home', branch: 1 },
    { kind: 'branch', branch: -1 },
  ])
  expect(nodes[4]).not.toHaveProperty('name')
})

test('narrows branches by plain comparisons and by type guards, and takes them from the rest', () => {
  type Event = { kind: 'buy'; total: number } | { kind: 'view'; page: string } | { kind: 'end' }
  const isView = (e: Event): e is Extract<Event, { kind: 'view' }> => e.kind === 'view'
  graphOf(({ clicks }) => {
    const events = clicks.map((): Event => ({ kind: 'end' }))
    const { buys, views, rest } = events.split({ buys: (e) => e.kind === 'buy', views: isView })
    expectTypeOf(buys).toEqualTypeOf<Stream<{ kind: 'buy'; total: number }>>()
    expectTypeOf(views).toEqualTypeOf<Stream<{ kind: 'view'; page: string }>>()
    expectTypeOf(rest).toEqualTypeOf<Stream<{ kind: 'end' }>>()
    return { buys: buys.to(consoleTable()), views: views.to(consoleTable()), rest: rest.to(consoleTable()) }
  })
})

test('does not narrow by what is not the whole truth', () => {
  const type = (events: Stream<{ kind: 'buy'; total: number } | { kind: 'view' }>) => {
    const { large, rest } = events.split({ large: (e) => e.kind === 'buy' && e.total > 10 })
    expectTypeOf(large).toEqualTypeOf(events)
    expectTypeOf(rest).toEqualTypeOf(events)
  }
  expectTypeOf(type).toBeFunction()
})

test('refuses a branch called rest, and predicates that are none', () => {
  // @ts-expect-error -- reserved
  expect(() => nodesOf((clicks) => clicks.split({ rest: (c: Click) => c.bot }).rest)).toThrow(
    "split(): 'rest' is the branch of the records that no predicate takes; choose another name",
  )
  // @ts-expect-error -- as from JavaScript
  expect(() => nodesOf((clicks) => clicks.split({ bots: true }).bots)).toThrow(
    "split(): branch 'bots' needs a function",
  )
})
