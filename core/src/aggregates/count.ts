import type { Aggregate } from './aggregate.ts'

type Kept = { n: number }

/** How many records. Keeps one number; sliding windows subtract it. */
export const count = (): Aggregate<unknown, number> => counting

const counting: Aggregate<unknown, number> = Object.freeze({
  kind: 'count',
  version: 1,
  ordered: false,
  slots: { n: { initial: 0 } },
  code: { add: 'A.n += 1', merge: 'A.n += B.n', subtract: 'A.n -= B.n', result: 'A.n' },
  steps(name: (slot: string) => string) {
    const n = name('n') as 'n'
    return {
      add: (a: Kept) => void (a[n] += 1),
      merge: (a: Kept, b: Kept) => void (a[n] += b[n]),
      subtract: (a: Kept, b: Kept) => void (a[n] -= b[n]),
      result: (a: Kept) => a[n],
    }
  },
})
