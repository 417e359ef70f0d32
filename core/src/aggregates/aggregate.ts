/** Picks a value out of a record: the name of a field, or a function. */
export type Measure = string | ((value: never) => unknown)

/** One number or object that an aggregate keeps for each key and window. */
export interface Slot {
  /** `number` slots start at a number; others at what `initial` makes. All are stored by the binary value codec. */
  readonly initial: number | (() => unknown)
}

/**
 * The steps of an aggregate as pieces of code for the generated accumulator. In them `A.x` is the slot `x` of the
 * accumulator, `B.x` that of another one, `X` the measured value, `V` the record, `T` its event time in ms, `P` and `Q`
 * its place among records of equal time (text and number), `F` the user's own functions where the aggregate has some.
 */
export interface AggregateCode {
  /** A condition under which `X` is refused, before anything is changed. */
  readonly refuse?: string
  readonly add: string
  /** Statements that put `B` into `A`. */
  readonly merge: string
  /** Statements that take `B` out of `A` again; an aggregate without cannot subtract. */
  readonly subtract?: string
  /** An expression. */
  readonly result: string
}

/** An accumulator: its slots by name. */
export interface Slots {
  [slot: string]: unknown
}

/** The steps of an aggregate as functions, for where code generation is forbidden. `slot` maps slot names to properties. */
export interface AggregateSteps {
  refuse?(x: unknown): boolean
  add(a: Slots, x: unknown, value: unknown, time: number, partition: string, sequence: number): void
  merge(a: Slots, b: Slots): void
  subtract?(a: Slots, b: Slots): void
  result(a: Slots): unknown
}

/**
 * Combines the records of a key and window into one result of type `R`. Mergeable: the result depends on which records
 * were added, not on how they were grouped. Inert data, made by `count()`, `sum()`, … or {@link aggregateOf}.
 */
export interface Aggregate<in T, out R> {
  readonly kind: string
  /** Version of the stored form of the slots; state of another version is refused. */
  readonly version: number
  readonly measure?: Measure
  /** True when the order of equal times matters, so that `P` and `Q` must be given. */
  readonly ordered: boolean
  /** What the error says that refuses a value, e.g. `a finite number`. */
  readonly takes?: string
  readonly slots: { readonly [name: string]: Slot }
  readonly code: AggregateCode
  /** The same as {@link code}; `name` gives the property that holds a slot. */
  steps(name: (slot: string) => string): AggregateSteps
  /** User functions that `F` stands for in the code, by name. */
  readonly functions?: { readonly [name: string]: (...args: never[]) => unknown }
  /**
   * A second accumulator for windows that slide, where it differs from the first: `merge` puts a pane (B) in, `subtract`
   * takes it out. Only for aggregates whose panes cannot subtract but whose totals can.
   */
  readonly total?: Pick<Aggregate<T, R>, 'slots' | 'code' | 'steps'>
  readonly _type?: (value: T) => R
}
