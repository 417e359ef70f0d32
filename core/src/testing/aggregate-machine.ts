import type { Aggregate, AggregateCode, AggregateSteps, Slots } from '../aggregates/aggregate.ts'
import type { Place } from '../aggregates/place.ts'

/** A record and where it stands among all. */
export interface Placed<T> extends Place {
  readonly value: T
}

/** An aggregate that can be run: one of its two forms, over one of its two accumulators. */
interface Machine {
  create(): Slots
  refuses(value: unknown): boolean
  add(a: Slots, record: Placed<unknown>): void
  merge(a: Slots, b: Slots): void
  /** Absent for what cannot subtract. */
  readonly subtract?: (a: Slots, b: Slots) => void
  result(a: Slots): unknown
}

/** An aggregate as pieces of code or as functions, with its panes and, for windows that slide, their total. */
export interface AggregateForm {
  readonly form: 'code' | 'steps'
  readonly pane: Machine
  readonly total: Machine
}

type Part = Pick<Aggregate<never, unknown>, 'slots' | 'code' | 'steps'>
type MachineOf = (aggregate: Aggregate<never, unknown>, part: Part) => Machine

/** Both forms of an aggregate: they must do the same. */
export function formsOf(aggregate: Aggregate<never, unknown>): readonly AggregateForm[] {
  const form = (name: AggregateForm['form'], machine: MachineOf): AggregateForm => ({
    form: name,
    pane: machine(aggregate, aggregate),
    total: machine(aggregate, aggregate.total ?? aggregate),
  })
  return [form('code', codeMachine), form('steps', stepsMachine)]
}

function stepsMachine(aggregate: Aggregate<never, unknown>, { slots, steps }: Part): Machine {
  // Another name than the slot's own, as in the engine, where the slots of several aggregates share one object.
  const nameOf = (slot: string): string => `own_${slot}`
  const own: AggregateSteps = steps(nameOf)
  const measure = measureOf(aggregate)
  return {
    create: () => createSlots(slots, nameOf),
    refuses: (value) => own.refuse?.(measure(value)) ?? false,
    add: (a, { value, time, partition, sequence }) => own.add(a, measure(value), value, time, partition, sequence),
    merge: (a, b) => own.merge(a, b),
    ...(own.subtract && { subtract: (a: Slots, b: Slots) => own.subtract?.(a, b) }),
    result: (a) => own.result(a),
  }
}

function codeMachine(aggregate: Aggregate<never, unknown>, { slots, code }: Part): Machine {
  const run = compile(code, aggregate.functions ?? {})
  const measure = measureOf(aggregate)
  return {
    create: () => createSlots(slots, (slot) => slot),
    refuses: (value) => run.refuse?.({}, {}, measure(value)) === true,
    add: (a, { value, time, partition, sequence }) =>
      void run.add(a, {}, measure(value), value, time, partition, sequence),
    merge: (a, b) => void run.merge(a, b),
    ...(run.subtract && { subtract: (a: Slots, b: Slots) => void run.subtract?.(a, b) }),
    result: (a) => run.result(a, {}),
  }
}

type Piece = (A: Slots, B: Slots, X?: unknown, V?: unknown, T?: number, P?: string, Q?: number) => unknown

/** The pieces as functions whose parameters are the letters that stand in the code. */
function compile(code: AggregateCode, functions: object): { readonly [P in keyof AggregateCode]: Piece } {
  const piece = (body: string): Piece => {
    // eslint-disable-next-line no-new-func -- the pieces are code by contract; this suite runs them as such
    const make = new Function('F', `'use strict'; return (A, B, X, V, T, P, Q) => { ${body} }`) as (f: object) => Piece
    return make(functions)
  }
  return {
    ...(code.refuse !== undefined && { refuse: piece(`return ${code.refuse}`) }),
    add: piece(code.add),
    merge: piece(code.merge),
    ...(code.subtract !== undefined && { subtract: piece(code.subtract) }),
    result: piece(`return ${code.result}`),
  }
}

function createSlots(slots: Part['slots'], nameOf: (slot: string) => string): Slots {
  const entries = Object.entries(slots).map(([slot, { initial }]) => [nameOf(slot), start(initial)])
  return Object.fromEntries(entries)
}

const start = (initial: number | (() => unknown)): unknown => (typeof initial === 'number' ? initial : initial())

function measureOf({ measure }: Aggregate<never, unknown>): (value: unknown) => unknown {
  if (measure === undefined) return () => undefined
  if (typeof measure === 'function') return measure as (value: unknown) => unknown
  return (value) => (value as { readonly [field: string]: unknown })[measure]
}
