import type { Endpoint } from '../endpoint.ts'
import type { LoadPlan } from './load/load-plan.ts'

/** What a worker process is told on its command line. */
export interface WorkerOptions {
  /** Unique among all processes of the run. */
  readonly name: string
  /** Folder of the run. */
  readonly folder: string
  readonly plan: LoadPlan
  readonly redis: RedisAddress
  readonly leaseMs: number
}

/** How a worker gets to Redis. */
export type RedisAddress =
  | { readonly type: 'server'; readonly endpoint: Endpoint }
  | {
      readonly type: 'sentinels'
      readonly endpoints: readonly Endpoint[]
      readonly name: string
      /** Servers as the sentinels know them, `host:port`, and where this worker finds them. */
      readonly natMap: { readonly [address: string]: Endpoint }
    }
