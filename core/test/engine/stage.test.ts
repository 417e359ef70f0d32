import { from, topology } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '../../src/topology/dead-letter.ts'
import { nodeName } from '../../src/topology/names.ts'
import { runs } from '../support/runs.ts'
import { feed, type Fed } from './support/feed.ts'
import { interpret } from './support/interpret.ts'
import { graphOf, randomSteps } from './support/random-steps.ts'

const numbers = fc.array(fc.nat(96), { maxLength: 30 })

const told = ({ node, message, position }: DeadLetter): string => `${node} ${message} ${position}`

const counts = ({ stats }: Fed): object =>
  Object.fromEntries(Object.entries(stats.nodes).filter(([, left]) => left > 0))

describe.each(['generated', 'closures'] as const)('a stage as %s', (form) => {
  test('does what its steps say one by one, whoever throws', () => {
    fc.assert(
      fc.property(randomSteps({ keeping: false }), numbers, (steps, values) => {
        const graph = graphOf(steps, false)
        const fed = feed(graph, { p: values }, [], form)
        const { outputs, letters, left } = interpret(graph, values, nodeName)
        expect(fed.outputs).toEqual(outputs)
        expect(fed.deadLetters.map(told)).toEqual(letters)
        expect(counts(fed)).toEqual(left)
      }),
      runs(80),
    )
  })

  test('gives the same in batches of any size', () => {
    fc.assert(
      fc.property(
        randomSteps({ keeping: false }),
        numbers,
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 10 }),
        (steps, values, sizes) => {
          const graph = graphOf(steps, true)
          const whole = feed(graph, { p: values }, [], form)
          const parts = feed(
            graph,
            { p: values },
            sizes.map((records) => ({ read: 'p', records })),
            form,
          )
          expect(parts.outputs).toEqual(whole.outputs)
        },
      ),
      runs(30),
    )
  })
})

test.each(['generated', 'closures'] as const)(
  'a stage as %s does not grow with the number of ways through it',
  (form) => {
    const graph = topology('diamonds')
      .sources(() => ({ events: from(scripted<number>()) }))
      .build(({ events }) => {
        let stream = events
        for (let i = 0; i < 40; i++) {
          const { odd, rest } = stream.split({ odd: (n) => n % 2 === 1 })
          stream = odd.map((n) => n + 1).union(rest.map((n) => n / 2))
        }
        return { out: stream.to(collecting()) }
      })
      .graph({})
    expect(feed(graph, { p: [1, 6, 1000] }, [], form).outputs).toEqual({ out: [1, 1, 1] })
  },
)

test('a stage gives the same as generated code and as closures: outputs, dead letters and counts', () => {
  fc.assert(
    fc.property(randomSteps({ keeping: true }), fc.boolean(), numbers, (steps, readsLetters, values) => {
      const graph = graphOf(steps, readsLetters)
      const generated = feed(graph, { p: values }, [], 'generated')
      const closures = feed(graph, { p: values }, [], 'closures')
      expect(closures.outputs).toEqual(generated.outputs)
      expect(closures.deadLetters).toEqual(generated.deadLetters)
      expect(closures.stats).toEqual(generated.stats)
    }),
    runs(100),
  )
})
