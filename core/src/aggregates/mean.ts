import type { Aggregate } from './aggregate.ts'
import { addCode, combineCode, compensatedSlots, compensatedSteps, totalCode, type Compensated } from './compensated.ts'
import type { By, Has } from './measure.ts'

type Kept = Compensated & { n: number }

/**
 * Arithmetic mean of a field or of what a function gives. Refuses values that are not finite numbers. As exact as
 * {@link sum}, divided once. Keeps three numbers; sliding windows subtract them.
 */
export const mean = <T = never, const B extends (keyof T & string) | ((value: T) => number) = By<T, number>>(
  by: B,
): Aggregate<Has<T, B, number>, number> => Object.freeze({ ...averaging, measure: by })

const averaging = {
  kind: 'mean',
  version: 1,
  ordered: false,
  takes: 'a finite number',
  slots: { ...compensatedSlots, n: { initial: 0 } },
  code: {
    refuse: '!Number.isFinite(X)',
    add: `${addCode('X')} A.n += 1`,
    merge: `${combineCode('+')}; A.n += B.n`,
    subtract: `${combineCode('-')}; A.n -= B.n`,
    result: `(${totalCode} / A.n)`,
  },
  steps(name: (slot: string) => string) {
    const { add, combine, total } = compensatedSteps(name)
    const n = name('n') as 'n'
    return {
      refuse: (x: unknown) => !Number.isFinite(x),
      add(a: Kept, x: number) {
        add(a, x)
        a[n] += 1
      },
      merge(a: Kept, b: Kept) {
        combine(a, b, 1)
        a[n] += b[n]
      },
      subtract(a: Kept, b: Kept) {
        combine(a, b, -1)
        a[n] -= b[n]
      },
      result: (a: Kept) => total(a) / a[n],
    }
  },
} as const
