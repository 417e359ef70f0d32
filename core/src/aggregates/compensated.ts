/** A sum and the part of it that its low bits have lost so far: together good to about twice the digits of a number. */
export type Compensated = { s: number; c: number }

/** Slots of a {@link Compensated} sum. */
export const compensatedSlots = { s: { initial: 0 }, c: { initial: 0 } } as const

/** Statements that add `x`, an expression, to the sum (Neumaier's variant of Kahan's summation). */
export const addCode = (x: string): string =>
  `{ const sum = A.s + ${x}; A.c += Math.abs(A.s) >= Math.abs(${x}) ? A.s - sum + ${x} : ${x} - sum + A.s; A.s = sum }`

/** Statements that add, or with `sign` `-` subtract, the sum `B`. */
export const combineCode = (sign: '+' | '-'): string => `${addCode(sign === '+' ? 'B.s' : '-B.s')} A.c ${sign}= B.c`

/** The total, as an expression; once a sum has overflowed, its lost bits mean nothing. */
export const totalCode = '(Number.isFinite(A.s) ? A.s + A.c : A.s)'

/** The same as functions, over slots held by these properties. */
export function compensatedSteps(name: (slot: string) => string): {
  readonly add: (a: Compensated, x: number) => void
  readonly combine: (a: Compensated, b: Compensated, sign: 1 | -1) => void
  readonly total: (a: Compensated) => number
} {
  const s = name('s') as 's'
  const c = name('c') as 'c'
  const add = (a: Compensated, x: number): void => {
    const sum = a[s] + x
    a[c] += Math.abs(a[s]) >= Math.abs(x) ? a[s] - sum + x : x - sum + a[s]
    a[s] = sum
  }
  const combine = (a: Compensated, b: Compensated, sign: 1 | -1): void => {
    add(a, sign * b[s])
    a[c] += sign * b[c]
  }
  return { add, combine, total: (a) => (Number.isFinite(a[s]) ? a[s] + a[c] : a[s]) }
}
