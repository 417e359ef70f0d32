import type { Backplane } from '@millrace/core'
import { resolve } from 'node:path'
import type { Logger } from '../../logger.ts'
import { openStateStore } from '../state/open-state-store.ts'
import type { ResolvedRunOptions } from './run-options.ts'

/** What decides where a job keeps how far it has come. */
export type RunStateOptions = Pick<ResolvedRunOptions, 'state' | 'stateStore' | 'leaseMs' | 'durability'>

/** What `start` is given as its state; closed by whoever opened it. */
export interface RunState extends AsyncDisposable {
  readonly state: string | Backplane
}

/** Opens what `--state` names, for a job. */
export async function openRunState(
  job: string,
  { state, stateStore, leaseMs, durability }: RunStateOptions,
  cwd: string,
  log: Logger,
): Promise<RunState> {
  if (state.type !== 'redis')
    return { state: state.type === 'memory' ? ':memory:' : resolve(cwd, state.path), async [Symbol.asyncDispose]() {} }
  const { openRedis } = await import('../state/open-redis.ts')
  const store = await openStateStore(stateStore, job)
  const backplane = openRedis(state, { job, leaseMs, durability, log, stateStore: store })
  return { state: backplane, [Symbol.asyncDispose]: () => backplane.close() }
}
