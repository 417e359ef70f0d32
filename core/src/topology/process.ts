import type { StateOf, StateSpec } from './state.ts'
import type { StatefulOptions } from './step-options.ts'

/** Stands for the type `T` where an option declares one. */
export interface TypeToken<in out T> {
  readonly _type?: (value: T) => T
}

/** Declares a type, e.g. what `process` emits: `emits: type<Alert>()`. */
export const type = <T>(): TypeToken<T> => Object.freeze({})

/** Wake-up calls of one key. A key has at most one timer a tag and kind: setting it again moves it. */
export interface Timers {
  /** Fires when the watermark passes `at`, in ms since 1970. */
  eventTime(at: number, tag?: string): void
  /** Fires when the clock of the worker passes `at`, in ms since 1970; not repeated exactly after a restart. */
  processingTime(at: number, tag?: string): void
  /** Forgets the timers of this tag, of both kinds. */
  cancel(tag?: string): void
}

/** What `process` is given beside the record; valid during the call only. */
export interface ProcessContext<K, S, O> {
  readonly key: K
  /** Event time of the record or timer, in ms since 1970. */
  readonly time: number
  /** No record with an earlier event time is to come; −Infinity before the first is known. */
  readonly watermark: number
  /** State of this key. */
  readonly state: StateOf<S>
  readonly timers: Timers
  /** Passes `out` on, at the event time of the record or timer. */
  readonly emit: (out: O) => void
}

/** A timer that fires. */
export interface Timer {
  /** When it was set for, in ms since 1970. */
  readonly at: number
  readonly tag: string | undefined
}

/** State by name, as declared. */
export interface StateSpecs {
  readonly [name: string]: StateSpec<unknown>
}

/** User code with keyed state and timers. What it keeps is in `state`: variables of its own are lost in a restart. */
export interface ProcessSpec<T, K, S, O> extends StatefulOptions {
  readonly state: S
  readonly emits: TypeToken<O>
  /** Called with each record of the key, in order. */
  readonly onRecord: (value: T, context: ProcessContext<K, S, NoInfer<O>>) => void
  /** Called when a timer of the key fires. */
  readonly onTimer?: (timer: Timer, context: ProcessContext<K, S, NoInfer<O>>) => void
}
