import { startRedis } from '@millrace/testkit'
import { afterAll, beforeAll } from 'vitest'

/** A Redis of our own for the tests of a file, with a database for each of them. */
export function redisDatabases(): { readonly next: () => string; readonly port: () => number } {
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined
  let used = 0
  beforeAll(async () => {
    redis = await startRedis({ args: ['--databases', '100'] })
  })
  afterAll(() => redis?.stop())
  return { next: () => `${redis?.url}/${++used}`, port: () => redis?.port ?? 0 }
}
