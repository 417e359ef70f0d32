import type { Aggregate } from './aggregate.ts'
import type { By, Has } from './measure.ts'

type Kept = { m: number }

/**
 * Greatest value of a field or of what a function gives. Refuses what is no number, and NaN. Keeps one number; cannot
 * subtract, so sliding windows keep two stacks of panes a key.
 */
export const max = <T = never, const B extends (keyof T & string) | ((value: T) => number) = By<T, number>>(
  by: B,
): Aggregate<Has<T, B, number>, number> => Object.freeze({ ...comparing, measure: by })

const comparing = {
  kind: 'max',
  version: 1,
  ordered: false,
  takes: 'a number',
  slots: { m: { initial: -Infinity } },
  code: {
    refuse: "typeof X !== 'number' || Number.isNaN(X)",
    add: 'A.m = Math.max(A.m, X)',
    merge: 'A.m = Math.max(A.m, B.m)',
    result: 'A.m',
  },
  steps(name: (slot: string) => string) {
    const m = name('m') as 'm'
    return {
      refuse: (x: unknown) => typeof x !== 'number' || Number.isNaN(x),
      add: (a: Kept, x: number) => void (a[m] = Math.max(a[m], x)),
      merge: (a: Kept, b: Kept) => void (a[m] = Math.max(a[m], b[m])),
      result: (a: Kept) => a[m],
    }
  },
} as const
