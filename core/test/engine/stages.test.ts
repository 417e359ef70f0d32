import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forms } from '../operators/support/through.ts'
import { runs } from '../support/runs.ts'
import { cluster, type Turn } from './support/cluster.ts'
import { feed } from './support/feed.ts'
import type { Rec } from './support/oracle.ts'
import { graphOf, randomSteps } from './support/random-steps.ts'
import { partitioned } from './support/schedules.ts'
import { shown, summed } from './support/shown.ts'
import { staged } from './support/staged.ts'

const names = ['left/p', 'left/q', 'right/p']

const inputs = fc
  .array(
    fc.record({
      partition: fc.constantFrom(...names),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'ä'),
      at: fc.oneof(fc.nat(90), fc.constantFrom(4, 5, 6, 21)),
      n: fc.integer({ min: -5, max: 5 }),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    partitioned(
      names,
      all.map((record, id) => ({ ...record, id })),
    ),
  )

const all = (does: Turn['does']): Turn => ({ task: 'all', does, amount: 6 })

/** What every run does before its end: lose all that a checkpoint does not hold. */
const restart = [all('work'), all('checkpoint'), all('work'), all('checkpoint'), all('crash')]

const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({
    task: fc.oneof(fc.nat(100), fc.constant('all' as const)),
    does: fc.oneof(
      { weight: 4, arbitrary: fc.constant('work' as const) },
      { weight: 4, arbitrary: fc.constant('checkpoint' as const) },
      { weight: 1, arbitrary: fc.constant('crash' as const) },
    ),
    amount: fc.integer({ min: 1, max: 10 }),
  }),
  { maxLength: 40 },
)

const inOrder = (partitions: Record<string, readonly Omit<Rec, 'partition'>[]>): Record<string, readonly Rec[]> =>
  Object.fromEntries(Object.entries(partitions).map(([name, all]) => [name, all.toSorted((a, b) => a.at - b.at)]))

describe.each(forms)('a topology of many tasks gives what one engine gives, as %s', (form) => {
  test.each(Object.entries(staged))('%s', (_, make) => {
    const topology = make()
    fc.assert(
      fc.property(inputs, turns, fc.constantFrom(1, 4), fc.boolean(), (records, moves, exchangePartitions, partial) => {
        const partitions = topology.inOrder ? inOrder(records) : records
        const alone = feed(topology.graph, partitions, [], form)
        const together = cluster(topology.graph, partitions, [...moves, ...restart], {
          form,
          exchangePartitions,
          partial,
        })
        expect(shown(topology, together)).toEqual(shown(topology, alone))
      }),
      runs(40),
    )
  })

  test('whatever its steps', () => {
    const numbers = fc.array(fc.nat(60), { maxLength: 20 })
    const partitions = fc.record({ 'events/p': numbers, 'events/q': numbers })
    fc.assert(
      fc.property(
        randomSteps({ keeping: 'orderless' }),
        fc.boolean(),
        partitions,
        turns,
        (steps, reads, values, moves) => {
          const graph = graphOf(steps, reads)
          const alone = feed(graph, values, [], form)
          const together = cluster(graph, values, [...moves, ...restart], { form, exchangePartitions: 2 })
          expect(shown({}, unplacedLetters(together))).toEqual(shown({}, unplacedLetters(alone)))
        },
      ),
      runs(60),
    )
  })

  const counted = Object.entries(staged).filter(([, make]) => make().lastFirings !== true)

  test.each(counted)('and counts each record once: %s', (_, make) => {
    const topology = make()
    fc.assert(
      fc.property(inputs, fc.constantFrom(1, 4), (records, exchangePartitions) => {
        const partitions = topology.inOrder ? inOrder(records) : records
        const alone = feed(topology.graph, partitions, [], form).stats
        const { stats } = cluster(topology.graph, partitions, [], { form, exchangePartitions })
        expect(summed(stats.map(({ nodes }) => nodes))).toEqual(summed([alone.nodes]))
        expect(summed(stats.map(({ late, deadLetters, skipped }) => ({ late, deadLetters, skipped })))).toEqual(
          summed([{ late: alone.late, deadLetters: alone.deadLetters, skipped: alone.skipped }]),
        )
      }),
      runs(5),
    )
  })
})

/** Without the position of a letter, which ends what the sink is given. */
const unplacedLetters = <F extends Parameters<typeof shown>[1]>(fed: F): F => {
  const { letters, ...outputs } = fed.outputs
  if (letters === undefined) return fed
  return { ...fed, outputs: { ...outputs, letters: letters.map((line) => String(line).replace(/ [^ ]*$/, '')) } }
}
