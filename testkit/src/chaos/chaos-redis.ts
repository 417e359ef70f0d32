import type { FaultProxy } from '../proxy/fault-proxy.ts'
import type { RedisEvent } from './events/redis-event.ts'
import type { RedisAddress } from './worker-options.ts'

/** A worker's own ways to Redis. */
interface RedisLine {
  readonly proxies: readonly FaultProxy[]
  readonly address: RedisAddress
}

/** The Redis that a chaos is played over, and what can happen to it. */
export interface ChaosRedis extends AsyncDisposable {
  readonly events: readonly RedisEvent[]
  /** Ways for one worker. */
  line(): Promise<RedisLine>
}
