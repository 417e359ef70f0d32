import type { Aggregate } from './aggregate.ts'
import { comparePlaces, type Place } from './place.ts'

/** A record and its place: value, event time, partition, sequence number. */
type Item = readonly [value: unknown, time: number, partition: string, sequence: number]
type Kept = { items: Item[] }

/**
 * All records, ordered by event time, then partition, then position. Keeps every one of them until the window is
 * closed: for windows known to be small. Cannot subtract, so sliding windows keep two stacks of panes a key.
 */
export const collect = <T>(): Aggregate<T, T[]> => collecting

const inOrder = (items: readonly Item[]): unknown[] =>
  items.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b))).map(([value]) => value)

const placeOf = ([, time, partition, sequence]: Item): Place => ({ time, partition, sequence })

const collecting = Object.freeze({
  kind: 'collect',
  version: 1,
  ordered: true,
  slots: { items: { initial: (): Item[] => [] } },
  functions: { inOrder },
  code: {
    add: 'A.items.push([V, T, P, Q])',
    merge: 'for (const item of B.items) A.items.push(item)',
    result: 'F.inOrder(A.items)',
  },
  steps(name: (slot: string) => string) {
    const items = name('items') as 'items'
    return {
      add(a: Kept, _x: unknown, value: unknown, time: number, partition: string, sequence: number) {
        a[items].push([value, time, partition, sequence])
      },
      merge(a: Kept, b: Kept) {
        for (const item of b[items]) a[items].push(item)
      },
      result: (a: Kept) => inOrder(a[items]),
    }
  },
})
