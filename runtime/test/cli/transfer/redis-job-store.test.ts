import { describe } from 'vitest'
import { Keys } from '../../../src/backplane/redis/keys.ts'
import { modelScripts } from '../../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../../src/backplane/redis/model/model-server.ts'
import { RedisBackplane } from '../../../src/backplane/redis/redis-backplane.ts'
import { RedisJobStore } from '../../../src/cli/transfer/redis-job-store.ts'
import { MemoryStateStore } from '../../../src/testing/memory-state-store.ts'
import { systemWorld } from '../../../src/world.ts'
import { jobStoreSuite } from '../support/job-store-suite.ts'

describe('over the model of a Redis', () => {
  jobStoreSuite(async () => {
    let now = 1_000_000
    const server = new ModelServer({ id: 'one', clock: { now: () => now } })
    const scripts = modelScripts({ server: () => server, keys: new Keys('views') })
    const parts = { scripts, store: new MemoryStateStore(systemWorld) }
    const where = 'the model'
    return {
      backplane: new RedisBackplane({ ...parts, world: systemWorld, where, gcGraceMs: 0 }),
      store: new RedisJobStore('views', where, parts, systemWorld),
      expire: async () => void (now += 1_001),
    }
  })
})
