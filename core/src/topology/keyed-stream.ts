import type { WindowSpec } from '../windows/window-spec.ts'
import type { Step } from './collector.ts'
import type { Origin } from './flow.ts'
import type { Simplify } from './key.ts'
import { misuse, needFunction } from './misuse.ts'
import type { Problem } from './problem.ts'
import type { ProcessSpec, StateSpecs } from './process.ts'
import type { StatefulOptions } from './step-options.ts'
import { Stream } from './stream.ts'
import { openWindow, type WindowOptions } from './window-options.ts'
import { WindowedStream } from './windowed-stream.ts'

const misplaced = 'after keyBy() come window(), reduce() or process(): do this step before keyBy(), or after them'
type Misplaced = Problem<typeof misplaced>

/** Records of type `T` grouped by a key of type `K`, which results name by the fields `KF`. */
export class KeyedStream<out T, out K, out KF> {
  readonly #input: Origin
  declare readonly _key?: K

  /** Made by `keyBy()`. */
  constructor(input: Origin) {
    this.#input = input
  }

  /** Puts the records of each key into windows of event time. */
  window(spec: WindowSpec, options?: WindowOptions): WindowedStream<T, KF> {
    return new WindowedStream<T, KF>(this.#input, openWindow('window', spec, options))
  }

  /**
   * Folds the records of each key, in order, and emits `{ ...key, value }` for every one. Keeps one `A` a key for ever.
   * `fold` may change and return the accumulator; `init` makes a new one.
   */
  reduce<A>(
    init: () => A,
    fold: (accumulator: A, value: T) => A,
    options?: StatefulOptions,
  ): Stream<Simplify<KF & { value: A }>> {
    needFunction(init, 'reduce()')
    return new Stream(this.#add({ kind: 'reduce', init, fn: fold, state: previous(options) }, options))
  }

  /** Runs user code with keyed state and timers, see {@link ProcessSpec}. */
  process<const S extends StateSpecs, O>(spec: ProcessSpec<T, K, S, O>): Stream<O> {
    const { state, onRecord, onTimer } = spec
    needFunction(onRecord, 'process({ onRecord })')
    if (onTimer !== undefined) needFunction(onTimer, 'process({ onTimer })')
    const own = { slots: Object.freeze({ ...state }), onRecord, ...(onTimer !== undefined && { onTimer }) }
    return new Stream<O>(this.#add({ kind: 'process', ...own, state: previous(spec) }, spec))
  }

  /** Not between `keyBy()` and what it is for. */
  map(this: Misplaced, _fn: (value: T) => unknown): never {
    throw misuse(`map(): ${misplaced}`)
  }

  /** Not between `keyBy()` and what it is for. */
  filter(this: Misplaced, _keep: (value: T) => boolean): never {
    throw misuse(`filter(): ${misplaced}`)
  }

  /** Not between `keyBy()` and what it is for. */
  flatMap(this: Misplaced, _fn: (value: T) => Iterable<unknown>): never {
    throw misuse(`flatMap(): ${misplaced}`)
  }

  /** Not between `keyBy()` and what it is for. */
  aggregate(this: Problem<typeof needsWindow>, _aggregates: object): never {
    throw misuse(needsWindow)
  }

  /** Not between `keyBy()` and what it is for. */
  to(this: Misplaced, _sink: unknown): never {
    throw misuse(`to(): ${misplaced}`)
  }

  #add(step: Step, options: StatefulOptions = {}): Origin {
    const { collector, node } = this.#input
    return { collector, node: collector.add(step, [node], options) }
  }
}

const needsWindow = 'aggregate() needs a window: call window() first'

const previous = ({ previousName }: StatefulOptions = {}): { previousName?: string } =>
  Object.freeze(previousName === undefined ? {} : { previousName })
