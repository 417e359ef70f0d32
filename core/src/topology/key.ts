import type { Selector } from './node.ts'

/** What a key is made of. */
export type Scalar = string | number | bigint | boolean

export type Simplify<T> = { [P in keyof T]: T[P] } & {}

/** Names of the fields of `T` that always hold a `V`. */
export type FieldsOf<T, V> = [T] extends [object]
  ? { [P in keyof T & string]: [T[P]] extends [V] ? P : never }[keyof T & string]
  : never

/** What a selector asks of a record: that the fields it names are scalars. */
export type Needs<B> = B extends string
  ? { readonly [P in B]: Scalar }
  : B extends readonly (infer F extends string)[]
    ? { readonly [P in F]: Scalar }
    : unknown

/** Type of the key that a selector picks: of several fields, one text made of all. */
export type KeyOf<T, B> = B extends (value: never) => infer K
  ? Widen<K>
  : B extends keyof T
    ? T[B]
    : B extends readonly []
      ? never
      : string

/** What a key puts into a result: the field or fields it names, else `key`. */
export type KeyFields<T, B> = B extends (value: never) => infer K
  ? { key: Widen<K> }
  : Simplify<Pick<T, (B extends readonly (infer F)[] ? F : B) & keyof T>>

type Widen<K> = K extends string ? string : K extends number ? number : K extends boolean ? boolean : K

/** Names of the fields that a key puts into a result: see {@link KeyFields}. */
export const keyFields = (by: Selector): readonly string[] =>
  typeof by === 'function' ? ['key'] : typeof by === 'string' ? [by] : by
