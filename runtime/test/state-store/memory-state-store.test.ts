import { MemoryStateStore } from '../../src/testing/memory-state-store.ts'
import { systemWorld } from '../../src/world.ts'
import { stateStoreSuite } from './support/state-store-suite.ts'

stateStoreSuite(async () => {
  const store = new MemoryStateStore(systemWorld)
  const damaged = { missing: undefined, shorter: Buffer.from('stat'), changed: Buffer.from('STATE') }
  return {
    store,
    connect: () => store,
    damage: async (id, how) => store.damage('clicks/0', id, damaged[how]),
    dispose: () => store.close(),
  }
})
