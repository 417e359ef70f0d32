import type { StateStore } from '@millrace/core'
import type { StateStoreTarget } from './state-store-target.ts'

/** The store that `--state-store` names; undefined for the Redis of the job itself. */
export async function openStateStore(target: StateStoreTarget, job: string): Promise<StateStore | undefined> {
  if (target.type === 'redis') return undefined
  const { fileStateStore } = await import('../../state-store/file-state-store.ts')
  return fileStateStore({ dir: target.dir, job })
}
