import type { Aggregate, AggregateSteps } from './aggregate.ts'
import { comparePlaces, type Place } from './place.ts'

/** The record that stands at one end of the order, and its place in it: time, partition, sequence number. */
type Kept = { v: unknown; t: number; p: string; q: number }

/** What `first` and `last` share: they differ in which of two places wins. */
export function endOfOrder<T>(kind: 'first' | 'last'): Aggregate<T, T> {
  const wins = kind === 'first' ? '<' : '>'
  const sign = kind === 'first' ? 1 : -1
  const better = (t: string, p: string, q: string): string =>
    `${t} ${wins} A.t || (${t} === A.t && (${p} ${wins} A.p || (${p} === A.p && ${q} ${wins} A.q)))`
  return Object.freeze({
    kind,
    version: 1,
    ordered: true,
    slots: {
      v: { initial: nothing },
      t: { initial: sign * Infinity },
      p: { initial: noText },
      q: { initial: 0 },
    },
    code: {
      add: `if (${better('T', 'P', 'Q')}) { A.v = V; A.t = T; A.p = P; A.q = Q }`,
      merge: `if (${better('B.t', 'B.p', 'B.q')}) { A.v = B.v; A.t = B.t; A.p = B.p; A.q = B.q }`,
      result: 'A.v',
    },
    steps: (name: (slot: string) => string) => steps(name, sign),
  })
}

const nothing = (): undefined => undefined
const noText = (): string => ''

function steps(name: (slot: string) => string, sign: 1 | -1): AggregateSteps {
  const v = name('v') as 'v'
  const t = name('t') as 't'
  const p = name('p') as 'p'
  const q = name('q') as 'q'
  const placeOf = (a: Kept): Place => ({ time: a[t], partition: a[p], sequence: a[q] })
  const offer = (a: Kept, value: unknown, place: Place): void => {
    if (sign * comparePlaces(place, placeOf(a)) >= 0) return
    a[v] = value
    a[t] = place.time
    a[p] = place.partition
    a[q] = place.sequence
  }
  return {
    add: (a: Kept, _, value, time, partition, sequence) => offer(a, value, { time, partition, sequence }),
    merge: (a: Kept, b: Kept) => offer(a, b[v], placeOf(b)),
    result: (a: Kept) => a[v],
  }
}
