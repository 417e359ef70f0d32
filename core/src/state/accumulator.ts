import type { Aggregate, AggregateCode, AggregateSteps, Slots } from '../aggregates/aggregate.ts'
import type { ByteWriter } from '../connector/byte-writer.ts'
import { MillraceError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import { Code, type Form } from './code.ts'
import { copyValue } from './copy-value.ts'
import { selectField, type Key } from './key.ts'
import { readValue, writeValue } from './value-codec.ts'

/** Aggregates by the name of their result. */
export type Aggregates = Readonly<Record<string, Aggregate<never, unknown>>>

/** What all aggregates keep for one key: their slots side by side in one flat object. */
export interface Accumulator extends Slots {
  readonly k: Key
  /** Epoch in which it last changed: equal to the present one when it is listed as dirty already. */
  e: number
}

/** A slot of one aggregate as a property of the accumulator. */
interface Property {
  readonly name: string
  readonly initial: number | (() => unknown)
}

/** One aggregate with the properties that hold its slots. */
interface Bound {
  readonly aggregate: Aggregate<never, unknown>
  readonly result: string
  readonly code: AggregateCode
  readonly steps: AggregateSteps
  readonly property: (slot: string) => string
  /** The value that is aggregated, of a record. */
  readonly measure: ((value: never) => unknown) | undefined
}

/** Names of the variables that hold a record inside generated code. */
export interface RecordNames {
  readonly value: string
  readonly time: string
  readonly partition: string
  readonly sequence: string
}

/** The flat accumulator of a set of aggregates, as generated code and as closures. */
export class AccumulatorLayout {
  readonly create: (key: Key, epoch: number) => Accumulator
  readonly merge: (a: Accumulator, b: Accumulator) => void
  /** Undefined when some aggregate cannot subtract. */
  readonly subtract: ((a: Accumulator, b: Accumulator) => void) | undefined
  /** Results in order of the aggregates. */
  readonly results: (a: Accumulator) => unknown[]
  /** Names of the results. */
  readonly names: readonly string[]
  /** True when an aggregate needs the place of records of equal time. */
  readonly ordered: boolean
  /** True when an aggregate is the user's own: adding may throw, and nothing is known of what its numbers lose. */
  readonly hasUserCode: boolean
  readonly #bound: readonly Bound[]
  /** In order of adding and merging: those that may throw come first, and the others have not changed when they do. */
  readonly #adding: readonly Bound[]
  readonly #properties: readonly Property[]
  /** In order of the names of the results: the order in which a topology names them does not matter to what is stored. */
  readonly #stored: readonly Property[]
  readonly #code = new Code()

  constructor(form: Form, aggregates: Aggregates, part: 'pane' | 'total' = 'pane') {
    this.#bound = bind(aggregates, part)
    this.hasUserCode = this.#bound.some(callsUser)
    this.#adding = [...this.#bound.filter(callsUser), ...this.#bound.filter((b) => !callsUser(b))]
    this.#properties = this.#bound.flatMap((b) => properties(b, part))
    this.#stored = this.#bound.toSorted((a, b) => (a.result < b.result ? -1 : 1)).flatMap((b) => properties(b, part))
    this.names = this.#bound.map((b) => b.result)
    this.ordered = this.#bound.some((b) => b.aggregate.ordered)
    const subtracts = this.#bound.every((b) => b.code.subtract !== undefined)
    if (form === 'generated') {
      this.create = this.#generateCreate()
      this.merge = this.#generatePair('merge')
      this.subtract = subtracts ? this.#generatePair('subtract') : undefined
      this.results = this.#generateResults()
    } else {
      const all = this.#adding.map((b) => b.steps)
      this.create = (k, e) => this.#closureCreate(k, e)
      this.merge = (a, b) => all.forEach((steps) => steps.merge(a, b))
      this.subtract = subtracts ? (a, b) => all.forEach((steps) => steps.subtract?.(a, b)) : undefined
      this.results = (a) => this.#bound.map((b) => apart(b.steps.result(a), a[b.property('acc')]))
    }
  }

  /** Statements that measure a record and throw before anything has changed when a value cannot be taken. */
  measureSource(code: Code, names: RecordNames): string {
    return this.#bound.map((b, i) => measureSource(code, b, i, names)).join('')
  }

  /** Statements that add the measured record to the accumulator in the variable `a`. */
  addSource(code: Code, names: RecordNames): string {
    return this.#adding.map((b) => `${translate(code, b, b.code.add, `x${this.#bound.indexOf(b)}`, names)};`).join('')
  }

  /** The same as {@link measureSource}, for closures: measured values, to be given to {@link add}. */
  measure(value: unknown): unknown[] {
    return this.#bound.map((b) => {
      const x = b.measure?.(value as never)
      if (b.steps.refuse?.(x)) throw refused(b.aggregate, b.result, x)
      return x
    })
  }

  add(
    a: Accumulator,
    measured: readonly unknown[],
    value: unknown,
    time: number,
    partition: string,
    sequence: number,
  ): void {
    for (const b of this.#adding) b.steps.add(a, measured[this.#bound.indexOf(b)], value, time, partition, sequence)
  }

  /** True when all numbers in it are whole and exact, so that adding and subtracting them loses nothing. */
  isExact(a: Accumulator): boolean {
    if (this.hasUserCode) return false
    return this.#properties.every(({ name, initial }) => typeof initial !== 'number' || Number.isSafeInteger(a[name]))
  }

  write(out: ByteWriter, a: Accumulator): void {
    for (const { name } of this.#stored) writeValue(out, a[name])
  }

  read(from: ByteReader, key: Key, epoch: number): Accumulator {
    const a = this.create(key, epoch)
    for (const { name } of this.#stored) a[name] = readValue(from)
    return a
  }

  #closureCreate(k: Key, e: number): Accumulator {
    const a: Accumulator = { k, e }
    for (const { name, initial } of this.#properties) a[name] = typeof initial === 'number' ? initial : initial()
    return a
  }

  #generateCreate(): (key: Key, epoch: number) => Accumulator {
    const code = this.#code
    const fields = this.#properties.map(({ name, initial }) =>
      typeof initial === 'number' ? `this.${name}=${code.arg(initial)};` : `this.${name}=${code.arg(initial)}();`,
    )
    return code.compile(
      'accumulator',
      `(()=>{class Accumulator{constructor(k,e){this.k=k;this.e=e;${fields.join('')}}}return(k,e)=>new Accumulator(k,e)})()`,
    )
  }

  #generatePair(step: 'merge' | 'subtract'): (a: Accumulator, b: Accumulator) => void {
    const body = this.#adding.map((b) => `${translate(this.#code, b, b.code[step] ?? '', 'undefined')};`).join('')
    return this.#code.compile(step, `(a,b)=>{${body}}`)
  }

  #generateResults(): (a: Accumulator) => unknown[] {
    return this.#code.compile('results', `(a)=>[${this.resultExpressions(this.#code).join(',')}]`)
  }

  /** One expression a result, over the accumulator in the variable `a`. */
  resultExpressions(code: Code): string[] {
    return this.#bound.map((b) => {
      const result = translate(code, b, b.code.result, 'undefined')
      return b.aggregate.kind === 'aggregateOf' ? `${code.arg(apart)}(${result},a.${b.property('acc')})` : result
    })
  }
}

function bind(aggregates: Aggregates, part: 'pane' | 'total'): Bound[] {
  return Object.entries(aggregates).map(([result, aggregate], i) => {
    const property = (slot: string): string => `s${i}_${slot}`
    const { code, steps } = (part === 'total' && aggregate.total) || aggregate
    const measure = typeof aggregate.measure === 'string' ? selectField(aggregate.measure) : aggregate.measure
    return { aggregate, result, code, steps: steps(property), property, measure }
  })
}

/**
 * The result, but never the user's accumulator itself: that may be changed by the next record, or by the pane that
 * leaves, before the result is written.
 */
const apart = (result: unknown, kept: unknown): unknown => (result === kept ? copyValue(result) : result)

const callsUser = ({ aggregate }: Bound): boolean => aggregate.kind === 'aggregateOf' || aggregate.kind === 'reduce'

function properties({ aggregate, property }: Bound, part: 'pane' | 'total'): Property[] {
  const { slots } = (part === 'total' && aggregate.total) || aggregate
  return Object.entries(slots).map(([slot, { initial }]) => ({ name: property(slot), initial }))
}

function measureSource(code: Code, bound: Bound, i: number, names: RecordNames): string {
  const { measure } = bound.aggregate
  if (measure === undefined) return ''
  // A keyed load with a constant name: as quick as `.name` once the call site has seen it, and no text of the user's.
  const x =
    typeof measure === 'string' ? `${names.value}[${code.arg(measure)}]` : `${code.arg(measure)}(${names.value})`
  const { refuse } = bound.code
  if (refuse === undefined) return `const x${i}=${x};`
  const error = code.arg((found: unknown) => refused(bound.aggregate, bound.result, found))
  return `const x${i}=${x};if(${translate(code, bound, refuse, `x${i}`, names)})throw ${error}(x${i});`
}

const refused = (aggregate: Aggregate<never, unknown>, result: string, found: unknown): MillraceError =>
  new MillraceError(
    'BAD_VALUE',
    `${aggregate.kind} '${result}' takes ${aggregate.takes ?? 'another value'}, not ${String(found)}`,
  )

const words = /\b([AB])\.([A-Za-z_]\w*)|\bF\.([A-Za-z_]\w*)|\b([XVTPQ])\b/g

/** Puts names into a piece of code, see {@link AggregateCode}. */
function translate(code: Code, bound: Bound, piece: string, measured: string, names?: RecordNames): string {
  const single: Record<string, string | undefined> = {
    X: measured,
    V: names?.value,
    T: names?.time,
    P: names?.partition,
    Q: names?.sequence,
  }
  return piece.replace(
    words,
    (word, side: string | undefined, slot: string, fn: string | undefined, letter: string | undefined) => {
      if (side !== undefined) return `${side.toLowerCase()}.${bound.property(slot)}`
      if (fn !== undefined) return code.arg(bound.aggregate.functions?.[fn])
      return single[letter ?? ''] ?? word
    },
  )
}
