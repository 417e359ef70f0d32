import { positiveMs, type Duration } from '../duration.ts'
import type { Scalar } from './key.ts'
import { misuse } from './misuse.ts'
import type { StateSlot } from './node.ts'
import type { Problem } from './problem.ts'

/** One value for each key. */
export interface ValueState<T> {
  /** Undefined when nothing was set, or it has expired. */
  get(): T | undefined
  set(value: T): void
  clear(): void
}

/** A list for each key, in order of adding. */
export interface ListState<T> {
  all(): readonly T[]
  add(value: T): void
  clear(): void
}

/** A map for each key. Keeps its entries in order of first setting. */
export interface MapState<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  entries(): Iterable<readonly [K, V]>
  clear(): void
}

/** How long state lives, and its version. */
export interface StateSlotOptions {
  /** Dropped so much event time after it was last written. @default never */
  readonly ttl?: Duration
  /** Raise it when what is stored changes its shape: a restart then refuses the old state instead of misreading it. @default 1 */
  readonly version?: number
}

/** Declares one piece of keyed state, which `process` sees as an `S`. Inert data. */
export interface StateSpec<out S> extends StateSlot {
  readonly _type?: S
}

/** What each declared piece of state looks like from inside `process`. */
export type StateOf<S> = { readonly [P in keyof S]: S[P] extends StateSpec<infer V> ? V : never }

/** Data that can be stored: no functions, no promises. */
export type Storable<T> = T extends (...args: never[]) => unknown
  ? Problem<'a function cannot be kept in state'>
  : T extends PromiseLike<unknown>
    ? Problem<'a promise cannot be kept in state'>
    : T

/** One value of type `T` for each key. */
export const value = <T>(options?: StateSlotOptions): StateSpec<ValueState<Storable<T>>> => slot('value', options)

/** A list of `T` for each key. */
export const list = <T>(options?: StateSlotOptions): StateSpec<ListState<Storable<T>>> => slot('list', options)

/** A map from `K` to `V` for each key. */
export const mapState = <K extends Scalar, V>(options?: StateSlotOptions): StateSpec<MapState<K, Storable<V>>> =>
  slot('map', options)

function slot<S>(kind: StateSlot['kind'], { ttl, version = 1 }: StateSlotOptions = {}): StateSpec<S> {
  if (!Number.isSafeInteger(version) || version < 1)
    throw misuse(`state: version is a whole number from 1, not ${version}`)
  return Object.freeze({ kind, version, ...(ttl === undefined ? {} : { ttlMs: positiveMs(ttl, 'state: ttl') }) })
}
