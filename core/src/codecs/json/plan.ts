/**
 * What a JSON codec knows of its records: the common form of a `Shape` and of a JSON Schema, which decoders and
 * encoders are compiled from. Plain data.
 */
export type ValuePlan = ScalarPlan | ArrayPlan | ObjectPlan | AnyPlan

/** A string, a number, a whole number that a double holds exactly, or a boolean. */
export interface ScalarPlan {
  readonly kind: 'string' | 'number' | 'int' | 'boolean'
  readonly nullable: boolean
}

/** A list. */
export interface ArrayPlan {
  readonly kind: 'array'
  readonly nullable: boolean
  readonly of: ValuePlan
}

/** An object of which the named fields are kept. */
export interface ObjectPlan {
  readonly kind: 'object'
  readonly nullable: boolean
  readonly fields: readonly FieldPlan[]
  /** Whether a field that is not named makes it another kind of object, which is then kept whole. */
  readonly closed: boolean
}

/** Any JSON value, kept whole. */
export interface AnyPlan {
  readonly kind: 'any'
  readonly nullable: true
}

/** One field of an {@link ObjectPlan}. */
export interface FieldPlan {
  readonly name: string
  readonly value: ValuePlan
  /** Whether the field may be absent. */
  readonly optional: boolean
  /** Stands in for an absent field; undefined for none. */
  readonly default: unknown
}

/** The plan of {@link AnyPlan}: there is only one. */
export const anything: AnyPlan = { kind: 'any', nullable: true }

/**
 * An own field of an object, or undefined. A plain read is right, and fast, except for names that every object inherits.
 */
export const ownField = (object: object, name: string): unknown =>
  name in Object.prototype && !Object.hasOwn(object, name)
    ? undefined
    : (object as Readonly<Record<string, unknown>>)[name]

/** True for what JSON calls an object. */
export const isJsonObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
