import type { OnError } from './node.ts'

/** What every operator takes. */
export interface StepOptions {
  /** Name of this step in errors, metrics and the state names below it. @default the nearest name upstream and the kind */
  readonly name?: string
  /**
   * What happens to a record when a function given to this step throws: `deadLetter` keeps it with its error, `skip`
   * counts and drops it, `fail` stops the task.
   * @default 'deadLetter'
   */
  readonly onError?: OnError
}

/** What every operator takes that keeps state. */
export interface StatefulOptions extends StepOptions {
  /** Name of this step, and of its state. @default the nearest name upstream and the kind, e.g. `clicks.window` */
  readonly name?: string
  /** Name that the state was kept under before: state found there is taken over. */
  readonly previousName?: string
}
