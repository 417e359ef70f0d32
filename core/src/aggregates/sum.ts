import type { Aggregate } from './aggregate.ts'
import { addCode, combineCode, compensatedSlots, compensatedSteps, totalCode, type Compensated } from './compensated.ts'
import type { By, Has } from './measure.ts'

/**
 * Sum of a field or of what a function gives. Refuses values that are not finite numbers. Exact when all are integers
 * and the sum is one that a double holds; else rounded about once, whatever the number and order of the records.
 * Keeps two numbers; sliding windows subtract them.
 */
export const sum = <T = never, const B extends (keyof T & string) | ((value: T) => number) = By<T, number>>(
  by: B,
): Aggregate<Has<T, B, number>, number> => Object.freeze({ ...summing, measure: by })

const summing = {
  kind: 'sum',
  version: 1,
  ordered: false,
  takes: 'a finite number',
  slots: compensatedSlots,
  code: {
    refuse: '!Number.isFinite(X)',
    add: addCode('X'),
    merge: combineCode('+'),
    subtract: combineCode('-'),
    result: totalCode,
  },
  steps(name: (slot: string) => string) {
    const { add, combine, total } = compensatedSteps(name)
    return {
      refuse: (x: unknown) => !Number.isFinite(x),
      add: (a: Compensated, x: number) => add(a, x),
      merge: (a: Compensated, b: Compensated) => combine(a, b, 1),
      subtract: (a: Compensated, b: Compensated) => combine(a, b, -1),
      result: (a: Compensated) => total(a),
    }
  },
} as const
