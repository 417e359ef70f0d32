import type { StateBlob, StateStore } from '@millrace/core'
import type { Chance } from './chance.ts'
import type { SimProcess } from './sim-process.ts'

/** A store as a process reaches it: slowly, and what it has asked for happens even when it is gone. */
export function connectStore(
  store: StateStore,
  process: SimProcess,
  chance: Chance,
  nameOf: (id: string) => string,
): StateStore {
  const delay = (): number => (chance.is(0.02) ? chance.between(50, 3_000) : chance.between(0, 4))
  const named = (blob: StateBlob): StateBlob => ({ ...blob, id: nameOf(blob.id) })
  return {
    kind: 'simulated',
    write: (task, blob, bytes) => process.call(() => store.write(task, named(blob), bytes), delay),
    read: (task, blob) => process.call(() => store.read(task, named(blob)), delay),
    list: (task) => process.call(() => store.list(task), delay),
    remove: (task, ids) => process.call(() => store.remove(task, ids), delay),
    close: async () => undefined,
  }
}
