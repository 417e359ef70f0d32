import type { Scalar } from '../topology/key.ts'

/** What picks a `V` out of a record: one of its fields, or a function. */
export type By<T, V> = (keyof T & string) | ((value: T) => V)

/**
 * What an aggregate asks of a record: the named field, or whatever the function takes. `T` is the record of the stream it
 * is written for; outside of one it is `never`, which lets any name and function pass.
 */
export type Has<T, B, V> = B extends string ? { readonly [P in B]: V } : B extends (value: infer R) => unknown ? R : T

/** True for what a key or a set of distinct values may hold. */
export const isScalar = (x: unknown): x is Scalar =>
  typeof x === 'string' || typeof x === 'number' || typeof x === 'bigint' || typeof x === 'boolean'
