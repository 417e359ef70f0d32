import type { Sink } from '../connector/sink.ts'
import { positiveMs, type Duration } from '../duration.ts'
import type { WindowSpec } from '../windows/window-spec.ts'
import { Flow } from './flow.ts'
import type { KeyedStream } from './keyed-stream.ts'
import type { KeyFields, KeyOf, Needs, Scalar } from './key.ts'
import { misuse } from './misuse.ts'
import type { Outlet } from './outlet.ts'
import type { Problem } from './problem.ts'
import { split, type Branches, type SplitOf } from './split.ts'
import type { StatefulOptions, StepOptions } from './step-options.ts'
import { step } from './step.ts'
import { openWindow, type WindowOptions } from './window-options.ts'
import type { WindowedStream } from './windowed-stream.ts'

/** How {@link Stream.dedupe} tells records apart, and for how long. */
export interface DedupeOptions extends StatefulOptions {
  /** A record is dropped when one with the same key came at most so much event time before it. Decides how much is kept. */
  readonly within: Duration
}

const needsKey = 'window() needs a key: call keyBy() first, or windowAll() for one window over everything'
type NeedsKey = Problem<typeof needsKey>

type RecordOf<F> = F extends Flow<infer T> ? T : never

/**
 * Records of type `T` on their way. Every method adds one step to the topology and gives the stream behind it; nothing
 * runs. Functions given to it keep nothing between records and change no record: others may see the same object.
 */
export class Stream<out T> extends Flow<T> {
  /** Turns each record into another. Keeps order and event time. */
  map<U>(fn: (value: T) => U, options?: StepOptions): Stream<U> {
    return new Stream<U>(step(this, { kind: 'map', fn }, options))
  }

  /** Keeps the records for which `keep` is true; a type guard narrows what follows. */
  filter<U extends T>(keep: (value: T) => value is U, options?: StepOptions): Stream<U>
  filter(keep: (value: T) => boolean, options?: StepOptions): Stream<T>
  filter(fn: (value: T) => boolean, options?: StepOptions): Stream<T> {
    return new Stream<T>(step(this, { kind: 'filter', fn }, options))
  }

  /** Turns each record into any number of others, in order, all with its event time. */
  flatMap<U>(fn: (value: T) => Iterable<U>, options?: StepOptions): Stream<U> {
    return new Stream<U>(step(this, { kind: 'flatMap', fn }, options))
  }

  /** Calls `fn` with each record and passes it on; after a restart some records come again. */
  tap(fn: (value: T) => void, options?: StepOptions): Stream<T> {
    return new Stream<T>(step(this, { kind: 'tap', fn }, options))
  }

  /**
   * Drops a record when one with the same key came shortly before. Keeps each key for `within` of event time, and moves
   * records between workers so that equal ones meet. Which of two unequal records with one key stays is not defined.
   */
  dedupe<const B extends (keyof T & string) | readonly (keyof T & string)[] | ((value: T) => Scalar)>(
    this: Flow<Needs<B>>,
    by: B,
    options: DedupeOptions,
  ): Stream<T> {
    const { within, previousName } = options
    const withinMs = positiveMs(within, 'dedupe: within')
    const state = previousName === undefined ? {} : { previousName }
    return new Stream<T>(step(this, { kind: 'dedupe', by, withinMs, state }, options))
  }

  /**
   * Groups records by a field, several fields, or a function that gives a string, number, bigint or boolean. Records of
   * one key keep their order and meet in one task. A record whose key is missing, null or NaN is refused.
   */
  keyBy<const B extends (keyof T & string) | readonly (keyof T & string)[] | ((value: T) => Scalar)>(
    this: Flow<Needs<B>>,
    by: B,
    options?: StepOptions,
  ): KeyedStream<T, KeyOf<T, B>, KeyFields<T, B>> {
    return Flow.originOf(this).collector.turns.keyed(step(this, { kind: 'keyBy', by }, options))
  }

  /** Not before `keyBy()`. */
  window(this: NeedsKey, _spec: WindowSpec, _options?: WindowOptions): never {
    throw misuse(needsKey)
  }

  /** Windows over all records, without a key: one task does all of the work. */
  windowAll(spec: WindowSpec, options?: WindowOptions): WindowedStream<T, {}> {
    const origin = Flow.originOf(this)
    return origin.collector.turns.windowed(origin, openWindow('windowAll', spec, options))
  }

  /**
   * Sends each record to the first branch whose predicate is true, else to `rest`. Predicates that are type guards, as
   * plain comparisons are, narrow their branch and take their type from `rest`. A `rest` nobody reads is dropped.
   */
  split<const B extends Branches<T>>(branches: B, options?: StepOptions): SplitOf<T, B> {
    return split(this, branches, (from) => new Stream(from), options)
  }

  /** All records of this stream and the others, in no order among them. */
  union<const F extends readonly Flow<unknown>[]>(...others: F): Stream<T | RecordOf<F[number]>> {
    return new Stream<T | RecordOf<F[number]>>(step(this, { kind: 'union' }, {}, others))
  }

  /** Ends the stream in a sink: return the result from `build()` under the name the sink is to have. */
  to(sink: Sink<T>, options?: Omit<StepOptions, 'name'>): Outlet<T> {
    const { collector, node } = Flow.originOf(this)
    return collector.end<T>({ input: node, sink }, options)
  }
}
