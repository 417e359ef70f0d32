import type { Aggregate } from '../aggregates/aggregate.ts'
import { lazily, type Origin } from './flow.ts'
import type { Simplify } from './key.ts'
import { misuse, needFunction } from './misuse.ts'
import type { WindowOutput } from './node.ts'
import type { Problem } from './problem.ts'
import { Stream } from './stream.ts'
import type { OpenWindow } from './window-options.ts'

/** Bounds of a window in ms since 1970: `start ≤ time < end`. */
export interface WindowBounds {
  start: number
  end: number
}

/** Aggregates by the name of their result, which must not be that of a key field or a bound. */
export type Aggregates<T, KF> = { readonly [name: string]: Aggregate<T, unknown> } & {
  readonly [R in keyof WindowBounds]?: Problem<`'${R}' is the window's own field; choose another name`>
} & {
  readonly [
    R in Exclude<keyof KF & string, keyof WindowBounds>
  ]?: Problem<`'${R}' is a field of the key; choose another name`>
}

type ResultsOf<A> = { -readonly [P in keyof A]: A[P] extends Aggregate<never, infer R> ? R : never }

/** What a window emits for a key: the key's fields, the bounds, and the results. */
export type WindowResult<KF, A> = Simplify<KF & WindowBounds & ResultsOf<A>>

const needsOutput = 'a window needs aggregate(), reduce() or process() first: they say what it emits'
type NeedsOutput = Problem<typeof needsOutput>

/** Records of a key that lie in the same window; says next what to make of them. */
export class WindowedStream<out T, out KF> {
  readonly #input: Origin
  readonly #window: OpenWindow

  /** Made by `window()` and `windowAll()`. */
  constructor(input: Origin, window: OpenWindow) {
    this.#input = input
    this.#window = window
  }

  /**
   * One record a key and window: `{ ...key, start, end, ...results }`, at `end − 1`. Keeps one small accumulator a key
   * and window (for a sliding one a key and pane), not the records.
   */
  aggregate<const A extends Aggregates<T, KF>>(aggregates: A): FiredStream<WindowResult<KF, A>, T> {
    return this.#fire({ kind: 'aggregate', aggregates: Object.freeze({ ...aggregates }) })
  }

  /**
   * One record a key and window: `{ ...key, start, end, value }`, where `fold` has made one record of two until one was
   * left. `fold` must not mind the grouping, fold(fold(a, b), c) = fold(a, fold(b, c)), nor the order.
   */
  reduce(fold: (a: T, b: T) => T): FiredStream<Simplify<KF & WindowBounds & { value: T }>, T> {
    needFunction(fold, 'reduce()')
    return this.#fire({ kind: 'reduce', fn: fold })
  }

  /**
   * Whatever `fn` makes of all records of a key and window, ordered by time. Keeps every record until the window is
   * closed, so prefer {@link aggregate}.
   */
  process<R>(fn: (values: readonly T[], window: Simplify<KF & WindowBounds>) => Iterable<R>): FiredStream<R, T> {
    needFunction(fn, 'process()')
    return this.#fire({ kind: 'process', fn })
  }

  /** Not before `aggregate()`, `reduce()` or `process()`. */
  to(this: NeedsOutput, _sink: unknown): never {
    throw misuse(needsOutput)
  }

  /** Not before `aggregate()`, `reduce()` or `process()`. */
  map(this: NeedsOutput, _fn: (value: never) => unknown): never {
    throw misuse(needsOutput)
  }

  #fire<R>(output: WindowOutput): FiredStream<R, T> {
    const { collector, node } = this.#input
    const { settings, options, at } = this.#window
    const fired = collector.add({ ...settings, output: Object.freeze(output) }, [node], options, at)
    return new FiredStream<R, T>({ collector, node: fired })
  }
}

/** What a window emits. A result's event time is `end − 1`, so that a second window of the same size takes it. */
export class FiredStream<out R, out T> extends Stream<R> {
  readonly #late: Stream<T>

  /** Made by the methods of {@link WindowedStream}. */
  constructor(from: Origin) {
    super(from)
    const { collector, node } = from
    this.#late = new Stream<T>(lazily(collector, () => collector.add({ kind: 'late' }, [node])))
  }

  /** The records that came after their window was closed. Unread, they become dead letters, unless `late: 'drop'`. */
  get late(): Stream<T> {
    return this.#late
  }
}
