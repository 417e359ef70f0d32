import type { Endpoint } from '../endpoint.ts'
import { startRedis } from './start-redis.ts'

/** Variable of the environment with the URL of a Redis that runs. */
export const redisUrlVariable = 'MILLRACE_TEST_REDIS_URL'

/** A Redis to connect to, and perhaps to share: use keys that nobody else has. */
export interface AnyRedis extends Endpoint, AsyncDisposable {
  readonly url: string
}

/** The Redis named in the environment, or one of our own, for tests that only talk to it. */
export async function anyRedis(env: NodeJS.ProcessEnv = process.env): Promise<AnyRedis> {
  const named = env[redisUrlVariable]
  if (!named) return startRedis()
  const { hostname, port } = new URL(named)
  return { url: named, host: hostname, port: Number(port || 6379), async [Symbol.asyncDispose]() {} }
}
