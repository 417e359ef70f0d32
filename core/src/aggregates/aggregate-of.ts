import { badOption } from '../errors.ts'
import type { Aggregate, AggregateSteps } from './aggregate.ts'

/** The steps of an aggregate of one's own, over an accumulator `A`: data that can be stored, without functions or classes. */
export interface AggregateDefinition<T, A, R> {
  /** Raise it when `A` changes its shape: a restart then refuses the old state instead of misreading it. */
  readonly version: number
  /** An accumulator of nothing: a new one at each call. */
  init(): A
  /** The accumulator with one more record; may change and return the one it is given. */
  add(accumulator: A, value: T): A
  /**
   * Both accumulators as one; may change and return the first, and must leave the second as it is. Must not mind how
   * records are grouped, nor their order.
   */
  merge(accumulator: A, other: A): A
  /** Takes `other`, merged before, out again; without it, sliding windows keep two stacks of panes a key. */
  subtract?(accumulator: A, other: A): A
  /** Leaves the accumulator as it is: it may be called several times. */
  result(accumulator: A): R
}

/** An aggregate of one's own. `aggregateConformance` of `@millrace/core/testing` checks that it keeps the rules. */
export function aggregateOf<T, A, R>(definition: AggregateDefinition<T, A, R>): Aggregate<T, R> {
  checkVersion(definition.version)
  const subtracts = definition.subtract !== undefined
  return Object.freeze({
    kind: 'aggregateOf',
    version: definition.version,
    ordered: false,
    slots: { acc: { initial: () => definition.init() } },
    functions: functionsOf(definition),
    code: {
      add: 'A.acc = F.add(A.acc, V)',
      merge: 'A.acc = F.merge(A.acc, B.acc)',
      ...(subtracts ? { subtract: 'A.acc = F.subtract(A.acc, B.acc)' } : {}),
      result: 'F.result(A.acc)',
    },
    steps: (name: (slot: string) => string) => stepsOf(definition, name('acc') as 'acc'),
  })
}

function checkVersion(version: number): void {
  if (Number.isSafeInteger(version) && version > 0) return
  throw badOption(`aggregateOf: version is a whole number from 1, not ${String(version)}`)
}

/** The user's functions, called as methods, so that `this` is the user's object. */
function functionsOf<T, A, R>(definition: AggregateDefinition<T, A, R>) {
  return {
    add: (a: A, value: T): A => definition.add(a, value),
    merge: (a: A, b: A): A => definition.merge(a, b),
    // Called only where there is one: the code and the steps without it have no `subtract`.
    subtract: (a: A, b: A): A => definition.subtract?.(a, b) as A,
    result: (a: A): R => definition.result(a),
  }
}

function stepsOf<T, A, R>(definition: AggregateDefinition<T, A, R>, acc: 'acc'): AggregateSteps {
  type Kept = { acc: A }
  const own = functionsOf(definition)
  const subtract = (a: Kept, b: Kept): void => void (a[acc] = own.subtract(a[acc], b[acc]))
  return {
    add: (a: Kept, _, value: T) => void (a[acc] = own.add(a[acc], value)),
    merge: (a: Kept, b: Kept) => void (a[acc] = own.merge(a[acc], b[acc])),
    ...(definition.subtract !== undefined && { subtract }),
    result: (a: Kept) => own.result(a[acc]),
  }
}
