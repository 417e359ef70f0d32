import type { BackplaneStore } from '@millrace/core/testing'
import type { ClusterBackplane, StateBlob } from '@millrace/core'
import { Keys } from '../../../../src/backplane/redis/keys.ts'
import { modelScripts } from '../../../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../../../src/backplane/redis/model/model-server.ts'
import { RedisBackplane } from '../../../../src/backplane/redis/redis-backplane.ts'
import type { Scripts } from '../../../../src/backplane/redis/scripts.ts'
import { MemoryStateStore } from '../../../../src/testing/memory-state-store.ts'
import { systemWorld } from '../../../../src/world.ts'

/** A model of a Redis whose clock a test moves, and a store in memory; with a defect, where that is asked for. */
export function modelStore(
  defect: (sound: Scripts) => Partial<Scripts> = () => ({}),
): BackplaneStore & { connect(): Promise<ClusterBackplane>; readonly server: ModelServer } {
  let now = Date.UTC(2026, 0, 1)
  const server = new ModelServer({ id: 'first', clock: { now: () => now } })
  const store = new MemoryStateStore(systemWorld)
  const sound = modelScripts({ server: () => server, keys: new Keys('test') })
  const scripts = { ...sound, ...defect(sound) }
  return {
    server,
    connect: async () => new RedisBackplane({ scripts, store, world: systemWorld, where: 'model', gcGraceMs: 0 }),
    advance: async (ms) => {
      now += ms
    },
    damage: async (blob: StateBlob, how) => {
      const bytes = await store.read('job/0', blob)
      const damaged = { missing: undefined, shorter: bytes.subarray(1), changed: bytes.with(0, (bytes[0] ?? 0) ^ 1) }
      store.damage('job/0', blob.id, damaged[how])
    },
    dispose: async () => undefined,
  }
}
