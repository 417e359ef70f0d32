import type { Lease } from '@millrace/core'

/** How the life of a worker ended, when nothing went wrong. */
export type Ending =
  /** The input is final and all of it is in the output. */
  | 'finished'
  /** It had finished in an earlier life, and nothing has come since. */
  | 'nothing new'
  /** It was asked to stop; the next start goes on where it stopped. */
  | 'stopped'

/** How the life of a worker ended. */
export type Outcome =
  | { readonly type: 'ended'; readonly ending: Ending }
  | { readonly type: 'failed'; readonly error: unknown }

/**
 * Where a worker is in its life. It goes through it once.
 *
 * ```
 *   new ─▶ acquiring ─▶ recovering ─▶ running ─┬─ input is final and done ─┬─▶ ending ─▶ closing ─▶ closed
 *              │             │           │     └─ stop() ──────────────────┘     │          ▲
 *              └─────────────┴───────────┴── an error, or the lease is lost ─────┴──────────┘
 * ```
 *
 * `ending` writes the last checkpoint and commits it. `closing` frees readers, writers and the lease, in this order, and
 * aborts nothing.
 */
export type WorkerState =
  | { readonly type: 'new' }
  | { readonly type: 'acquiring' }
  | { readonly type: 'recovering'; readonly lease: Lease }
  | { readonly type: 'running'; readonly lease: Lease }
  | { readonly type: 'ending'; readonly lease: Lease; readonly ending: Ending }
  | { readonly type: 'closing'; readonly outcome: Outcome }
  | { readonly type: 'closed'; readonly outcome: Outcome }
