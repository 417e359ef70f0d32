import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forms } from '../operators/support/through.ts'
import { runs } from '../support/runs.ts'
import { feedElsewhere, type Step } from './support/elsewhere.ts'
import { feed } from './support/feed.ts'
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

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ read: fc.constantFrom(...names), records: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 3, arbitrary: fc.constant('absorb' as const) },
    { weight: 2, arbitrary: fc.constant('checkpoint' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
  ),
  { maxLength: 40 },
)

describe.each(forms)('what source stages make elsewhere gives what one engine gives, as %s', (form) => {
  test.each(Object.entries(staged).filter(([, make]) => make().inOrder !== true))('%s', (_, make) => {
    const topology = make()
    fc.assert(
      fc.property(inputs, steps, (partitions, moves) => {
        const alone = feed(topology.graph, partitions, [], form)
        const apart = feedElsewhere(topology.graph, partitions, moves, form)
        expect(shown(topology, apart)).toEqual(shown(topology, alone))
      }),
      runs(60),
    )
  })

  test.each(Object.entries(staged).filter(([, make]) => make().inOrder !== true && make().lastFirings !== true))(
    'and counts each record once: %s',
    (_, make) => {
      const topology = make()
      fc.assert(
        fc.property(inputs, (partitions) => {
          const alone = feed(topology.graph, partitions, [], form).stats
          const { stats } = feedElsewhere(topology.graph, partitions, [], form)
          expect(summed(stats.map(({ nodes }) => nodes))).toEqual(summed([alone.nodes]))
          expect(stats[0]).toMatchObject({ records: alone.records, late: alone.late })
        }),
        runs(20),
      )
    },
  )
})
