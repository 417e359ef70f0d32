import type { Scalar } from '../topology/key.ts'
import type { Aggregate } from './aggregate.ts'
import { isScalar, type By, type Has } from './measure.ts'

type Kept = { values: Set<unknown> }
/** Of a sliding window: in how many panes each value lies. */
type KeptTotal = { panes: Map<unknown, number> }

/**
 * How many different values a field, or what a function gives, has: exactly. Two are the same as in a `Set` (0 and −0
 * are, 1 and '1' are not). Refuses what is no string, number, bigint or boolean. Keeps every value: some 40 bytes and
 * the value itself, for each key and window; sliding windows keep them for each pane.
 */
export const distinct = <T = never, const B extends (keyof T & string) | ((value: T) => Scalar) = By<T, Scalar>>(
  by: B,
): Aggregate<Has<T, B, Scalar>, number> => Object.freeze({ ...distinguishing, measure: by })

const total = {
  slots: { panes: { initial: (): Map<unknown, number> => new Map() } },
  code: {
    // A total takes panes only, never a record.
    add: '',
    merge: 'for (const value of B.values) A.panes.set(value, (A.panes.get(value) ?? 0) + 1)',
    subtract: 'F.leave(A.panes, B.values)',
    result: 'A.panes.size',
  },
  steps(name: (slot: string) => string) {
    const values = name('values') as 'values'
    const panes = name('panes') as 'panes'
    return {
      add() {},
      merge(a: KeptTotal, b: Kept) {
        for (const value of b[values]) a[panes].set(value, (a[panes].get(value) ?? 0) + 1)
      },
      subtract: (a: KeptTotal, b: Kept) => leave(a[panes], b[values]),
      result: (a: KeptTotal) => a[panes].size,
    }
  },
} as const

/** A value is gone when the last pane that held it leaves. */
function leave(panes: Map<unknown, number>, values: Iterable<unknown>): void {
  for (const value of values) {
    const holders = (panes.get(value) ?? 1) - 1
    if (holders === 0) panes.delete(value)
    else panes.set(value, holders)
  }
}

const distinguishing = {
  kind: 'distinct',
  version: 1,
  ordered: false,
  takes: 'a string, number, bigint or boolean',
  slots: { values: { initial: (): Set<unknown> => new Set() } },
  functions: { isScalar, leave },
  code: {
    refuse: '!F.isScalar(X)',
    add: 'A.values.add(X)',
    merge: 'for (const value of B.values) A.values.add(value)',
    result: 'A.values.size',
  },
  steps(name: (slot: string) => string) {
    const values = name('values') as 'values'
    return {
      refuse: (x: unknown) => !isScalar(x),
      add: (a: Kept, x: unknown) => void a[values].add(x),
      merge(a: Kept, b: Kept) {
        for (const value of b[values]) a[values].add(value)
      },
      result: (a: Kept) => a[values].size,
    }
  },
  total,
} as const
