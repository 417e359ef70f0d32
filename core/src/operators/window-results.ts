import { collect } from '../aggregates/collect.ts'
import type { Aggregate } from '../aggregates/aggregate.ts'
import { Code, type Form } from '../state/code.ts'
import { AccumulatorLayout, type Accumulator, type Aggregates } from '../state/accumulator.ts'
import type { Emitter } from '../state/emitter.ts'
import { splitKey, type Key } from '../state/key.ts'
import { keyFields } from '../topology/key.ts'
import { compileRecord } from '../state/record-shape.ts'
import type { WindowNode } from '../topology/node.ts'
import type { OperatorHost } from './stateful.ts'

/** Makes the result of one key and window. */
type MakeResult = (key: Key, start: number, end: number, a: Accumulator) => object

/** Turns accumulators into the records that a window emits. */
export class WindowResults {
  readonly layout: AccumulatorLayout
  /** Running totals of windows that slide, where they can subtract. */
  readonly total: AccumulatorLayout | undefined
  readonly #make: MakeResult
  readonly #makeOfTotal: MakeResult
  readonly #host: OperatorHost
  readonly #node: WindowNode
  readonly #out: Emitter

  constructor(host: OperatorHost, node: WindowNode, out: Emitter) {
    this.#host = host
    this.#node = node
    this.#out = out
    const aggregates = aggregatesOf(node)
    this.layout = new AccumulatorLayout(host.form, aggregates)
    const total = new AccumulatorLayout(host.form, aggregates, 'total')
    this.total = total.subtract && total
    this.#make = compileResult(host.form, node, this.layout)
    this.#makeOfTotal = this.total ? compileResult(host.form, node, this.total) : this.#make
  }

  /** Emits the result of a key and window; its time is the last instant of the window. */
  emit(key: Key, start: number, end: number, a: Accumulator, mark: number = -Infinity): void {
    this.#emit(this.#make, key, start, end, a, mark)
  }

  /** The same from a running total. */
  emitTotal(key: Key, start: number, end: number, a: Accumulator): void {
    this.#emit(this.#makeOfTotal, key, start, end, a, -Infinity)
  }

  /** What is told of an aggregate that cannot be taken: which it is, and its results as far as they can be shown. */
  evidence(
    start: number,
    a: Accumulator,
  ): { readonly position: string; readonly time: number; readonly value: object } {
    return { position: `${String(a.k)}@${start}`, time: start, value: { key: a.k, start, ...this.#shown(a) } }
  }

  #shown(a: Accumulator): object {
    try {
      return Object.fromEntries(this.layout.results(a).map((result, i) => [this.layout.names[i] ?? '', result]))
    } catch {
      return {}
    }
  }

  #emit(make: MakeResult, key: Key, start: number, end: number, a: Accumulator, mark: number): void {
    try {
      const result = make(key, start, end, a)
      if (this.#node.output.kind !== 'process') return this.#out.push(result, lastInstant(end), mark, key)
      this.#process(result as WindowContents, key, end, mark)
    } catch (error) {
      this.#host.refuse(this.#node, error, {
        position: `${String(key)}@${start}`,
        time: lastInstant(end),
        value: { key, start, end },
      })
    }
  }

  #process({ values, ...window }: WindowContents, key: Key, end: number, mark: number): void {
    const { output } = this.#node
    if (output.kind !== 'process') return
    // All of it before any of it: a function that throws half way has emitted nothing.
    for (const row of Array.from(output.fn(values as never, window as never)))
      this.#out.push(row, lastInstant(end), mark, key)
  }
}

/** The last whole ms of a window: sessions of records with fractions of one end between two, and the next window counts in whole ones. */
const lastInstant = (end: number): number => Math.ceil(end) - 1

interface WindowContents {
  readonly values: readonly unknown[]
}

/** What a window keeps for each key. */
export function aggregatesOf({ output }: WindowNode): Aggregates {
  if (output.kind === 'aggregate') return output.aggregates
  return output.kind === 'reduce' ? { value: reduceAggregate(output.fn) } : { values: collect() }
}

/** Folds records with a function that must not care for their order. */
function reduceAggregate(fn: (a: never, b: never) => unknown): Aggregate<never, unknown> {
  const fold = fn as (a: unknown, b: unknown) => unknown
  return {
    kind: 'reduce',
    version: 1,
    ordered: false,
    slots: { has: { initial: 0 }, value: { initial: () => undefined } },
    functions: { fold: fn },
    code: {
      add: 'if(A.has===0){A.value=V;A.has=1}else A.value=F.fold(A.value,V)',
      merge: 'if(B.has===1){if(A.has===0){A.value=B.value;A.has=1}else A.value=F.fold(A.value,B.value)}',
      result: 'A.value',
    },
    steps: (name) => {
      const has = name('has')
      const value = name('value')
      const put = (a: Record<string, unknown>, x: unknown): void => {
        a[value] = a[has] === 0 ? x : fold(a[value], x)
        a[has] = 1
      }
      return {
        add: (a, _x, v) => put(a, v),
        merge: (a, b) => {
          if (b[has] === 1) put(a, b[value])
        },
        result: (a) => a[value],
      }
    },
  }
}

function compileResult(form: Form, node: WindowNode, layout: AccumulatorLayout): MakeResult {
  const keyed = node.inputs[0]
  const by = keyed?.kind === 'keyBy' ? keyed.by : undefined
  const names = by === undefined ? [] : keyFields(by)
  const parts = by !== undefined && typeof by !== 'string' && typeof by !== 'function' ? splitParts : onePart
  if (form === 'closures') {
    return (key, start, end, a) => {
      const keys = parts(key).map((part, i) => [names[i] ?? 'key', part] as const)
      const results = layout.results(a).map((result, i) => [layout.names[i] ?? '', result] as const)
      return Object.fromEntries([...keys.slice(0, names.length), ['start', start], ['end', end], ...results])
    }
  }
  const code = new Code()
  const results = layout.resultExpressions(code)
  const fields: (readonly [string, string])[] = [
    ...names.map((name, i) => [name, parts === onePart ? 'p' : `p[${i}]`] as const),
    ['start', 's'],
    ['end', 'e'],
    ...layout.names.map((name, i) => [name, results[i] ?? 'undefined'] as const),
  ]
  const make = compileRecord<(p: unknown, s: number, e: number, a: Accumulator) => object>(
    'result',
    code,
    'p,s,e,a',
    fields,
  )
  return parts === onePart ? make : (key, start, end, a) => make(splitKey(String(key)), start, end, a)
}

const onePart = (key: Key): readonly Key[] => [key]
const splitParts = (key: Key): readonly Key[] => splitKey(String(key))
