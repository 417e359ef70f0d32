import { badOption } from './errors.ts'

/** What kind of value a {@link Field} stands for. */
export type FieldKind =
  | 'string'
  | 'int'
  | 'number'
  | 'boolean'
  | 'array'
  | 'object'
  | 'optional'
  | 'nullable'
  | 'secret'

/** Describes a value of type `T`: a field of a record for a codec, or a parameter of a topology. Inert data. */
export interface Field<out T> {
  readonly kind: FieldKind
  /** Of `array`, `optional` and `nullable`: what is inside. */
  readonly of?: Field<unknown>
  /** Of `object`: its fields. */
  readonly shape?: Shape
  readonly default?: unknown
  /** One line for people; shown by the CLI for parameters. */
  readonly doc?: string
  readonly _type?: T
}

/** Names and their fields. */
export interface Shape {
  readonly [name: string]: Field<unknown>
}

type Simplify<T> = { [P in keyof T]: T[P] } & {}
type OptionalNames<S> = {
  [P in keyof S]: S[P] extends Field<infer T> ? (undefined extends T ? P : never) : never
}[keyof S]

/** The record type that a {@link Shape} describes: a field that may be absent is an optional property. */
export type OfShape<S> = Simplify<
  { -readonly [P in Exclude<keyof S, OptionalNames<S>>]: S[P] extends Field<infer T> ? T : never } & {
    -readonly [P in OptionalNames<S>]?: S[P] extends Field<infer T> ? T : never
  }
>

interface Documented<T> {
  readonly default?: T
  readonly doc?: string
}

const field = <T>(kind: FieldKind, options: Documented<T> = {}): Field<T> => Object.freeze({ kind, ...options })

/** Text. */
export const string = (options?: Documented<string>): Field<string> => field('string', options)

/** A whole number that a double holds exactly: −(2^53 − 1) to 2^53 − 1. */
export const int = (options?: Documented<number>): Field<number> => field('int', options)

/** A finite number. */
export const number = (options?: Documented<number>): Field<number> => field('number', options)

/** `true` or `false`. */
export const boolean = (options?: Documented<boolean>): Field<boolean> => field('boolean', options)

/** A list of values of one kind. */
export const array = <T>(of: Field<T>): Field<T[]> => Object.freeze({ kind: 'array', of })

/** A nested object; what it has beside the named fields is left out. */
export const object = <const S extends Shape>(shape: S): Field<OfShape<S>> => Object.freeze({ kind: 'object', shape })

/** A value that may be absent; `null` is not absence, see {@link nullable}. */
export const optional = <T>(of: Field<T>): Field<T | undefined> => Object.freeze({ kind: 'optional', of })

/** A value or `null`. */
export const nullable = <T>(of: Field<T>): Field<T | null> => Object.freeze({ kind: 'nullable', of })

/** A value that is never printed: give it as `env:NAME` or `file:PATH`, read it with {@link Secret.reveal}. */
export const secret = (options?: { readonly doc?: string }): Field<Secret> => field('secret', options)

/** Holds a secret so that it cannot slip into a log: printing it in any way gives `[secret]`. */
export class Secret {
  readonly #reveal: () => string

  constructor(reveal: () => string) {
    this.#reveal = reveal
  }

  /** The secret itself. Read at each call, so a rotated file takes effect. */
  reveal(): string {
    return this.#reveal()
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  static {
    // How Node prints an object; a computed name like this one cannot be a method under isolatedDeclarations.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => '[secret]' })
  }
}

const names = /^(?!__proto__$)[^\0]+$/u

/** Refuses names that no object can carry as its own property. */
export function checkFieldName(name: string, where: string): void {
  if (!names.test(name)) throw badOption(`${where}: ${JSON.stringify(name)} cannot be the name of a field`)
}
