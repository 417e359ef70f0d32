import { from, topology, type OnError, type Stream } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
import fc from 'fast-check'
import type { Graph } from '../../../src/topology/node.ts'
import { unplaced } from './unplaced.ts'

/** One step of a random topology: what it does, which streams it reads, and what its function is like. */
export interface RandomStep {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'tap' | 'union' | 'split' | 'dedupe' | 'reduce' | 'latest'
  /** Of the streams so far, modulo their number. */
  readonly reads: number
  readonly joins: number
  readonly factor: number
  /** The function throws for values that are this modulo 11; 11 for never. */
  readonly throwsAt: number
  readonly onError: OnError
}

const stateless = ['map', 'filter', 'flatMap', 'tap', 'union', 'split'] as const
const stateful = [...stateless, 'dedupe', 'reduce'] as const
const orderless = [...stateless, 'latest', 'latest'] as const

/** Steps of a random topology; those that are `orderless` keep state, but do not mind the order between streams. */
export const randomSteps = (options: {
  readonly keeping: boolean | 'orderless'
}): fc.Arbitrary<readonly RandomStep[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...kindsOf(options)),
      reads: fc.nat(20),
      joins: fc.nat(20),
      factor: fc.integer({ min: 1, max: 5 }),
      throwsAt: fc.nat(22),
      onError: fc.constantFrom('deadLetter' as const, 'deadLetter' as const, 'skip' as const),
    }),
    { maxLength: 9 },
  )

const kindsOf = ({ keeping }: { readonly keeping: boolean | 'orderless' }): readonly RandomStep['kind'][] =>
  keeping === 'orderless' ? orderless : keeping ? stateful : stateless

/** The topology of these steps over whole numbers; every stream that no step reads ends in a sink. */
export const graphOf = (steps: readonly RandomStep[], readsLetters: boolean): Graph =>
  unplaced(() => build(steps, readsLetters))

function build(steps: readonly RandomStep[], readsLetters: boolean): Graph {
  return topology('random')
    .sources(() => ({ events: from(scripted<number>()) }))
    .build(({ events, deadLetters }) => {
      const streams: Stream<number>[] = [events]
      const unread = new Set(streams)
      steps.forEach((step, i) => {
        const input = streams[step.reads % streams.length] as Stream<number>
        const other = streams[step.joins % streams.length] as Stream<number>
        unread.delete(input)
        if (step.kind === 'union') unread.delete(other)
        for (const made of apply(step, `s${i}`, input, other)) {
          streams.push(made)
          unread.add(made)
        }
      })
      const ends = [...unread].map((stream, i) => [`out${i}`, stream.to(collecting())] as const)
      if (!readsLetters) return Object.fromEntries(ends)
      const letters = deadLetters.map(({ node, message, position }) => `${node} ${message} ${position}`, {
        name: 'letters',
      })
      return { ...Object.fromEntries(ends), letters: letters.to(collecting()) }
    })
    .graph({})
}

function apply(
  { kind, factor, throwsAt, onError }: RandomStep,
  name: string,
  input: Stream<number>,
  other: Stream<number>,
): readonly Stream<number>[] {
  const options = { name, onError }
  const check = (n: number): number => {
    if (n % 11 === throwsAt) throw new Error(`${name} refuses ${n}`)
    return n
  }
  switch (kind) {
    case 'map':
      return [input.map((n) => (check(n) * factor + 1) % 97, options)]
    case 'filter':
      return [input.filter((n) => check(n) % (factor + 1) !== 0, options)]
    case 'flatMap':
      return [
        input.flatMap(
          factor % 2 === 0 ? (n) => Array.from({ length: check(n) % factor }, (_, i) => n + i) : halfWay(check, factor),
          options,
        ),
      ]
    case 'tap':
      return [input.tap(check, options)]
    case 'union':
      return [input.union(other)]
    case 'split': {
      const { even, third, rest } = input.split({ even: (n) => n % 2 === 0, third: (n) => check(n) % 3 === 0 }, options)
      return factor % 2 === 0 ? [even, third, rest] : [even, third]
    }
    case 'dedupe':
      return [input.dedupe((n) => check(n) % (factor * 5), { within: 10, ...options })]
    case 'reduce':
    case 'latest':
      return [
        input
          .keyBy((n) => (n % 13 === throwsAt ? NaN : n % factor), { onError, name: `${name}.key` })
          .reduce(
            () => 0,
            (sum, n) => (kind === 'reduce' ? sum + check(n) : check(n)) % 97,
            options,
          )
          .map(({ key, value }) => (key + value) % 97),
      ]
  }
}

/** Gives some items and may throw between them. */
const halfWay = (check: (n: number) => number, items: number) =>
  function* (n: number): Iterable<number> {
    for (let i = 0; i < items; i++) yield check(n + i) % 97
  }
