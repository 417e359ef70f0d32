/** How the life of a task or worker ended, when nothing went wrong. */
export type Ending =
  /** The input is final and all of it is in the output. */
  | 'finished'
  /** It had finished in an earlier life, and nothing has come since. */
  | 'nothing new'
  /** It was asked to stop; the next start goes on where it stopped. */
  | 'stopped'

/** How the life of a task or worker ended. */
export type Outcome =
  | { readonly type: 'ended'; readonly ending: Ending }
  | { readonly type: 'failed'; readonly error: unknown }

/**
 * Where a task is in its life. It goes through it once.
 *
 * ```
 *   recovering ─▶ running ─┬─ input is final and done ─┬─▶ ending ─▶ closing ─▶ closed
 *        │           │     └─ stop() ──────────────────┘     │          ▲
 *        └───────────┴─── an error, or the lease is lost ────┴──────────┘
 * ```
 *
 * `ending` writes the last checkpoint and commits it. `closing` frees readers and writers, in this order, and aborts
 * nothing.
 */
export type TaskState =
  | { readonly type: 'recovering' }
  | { readonly type: 'running' }
  | { readonly type: 'ending'; readonly ending: Ending }
  | { readonly type: 'closing'; readonly outcome: Outcome }
  | { readonly type: 'closed'; readonly outcome: Outcome }

/** Where a worker is: before, during and after the life of its one task, or of its many. */
export type WorkerState = 'new' | 'acquiring' | TaskState['type']
