import type { Io } from '../io.ts'
import { defaultState, findState, type StateOptions } from '../state-file.ts'
import { jobOf } from '../state/open-state.ts'
import { openStateStore } from '../state/open-state-store.ts'
import { stateStoreTarget } from '../state/state-store-target.ts'
import { type RedisTarget, stateTarget } from '../state/state-target.ts'
import { FileJobStore } from './file-job-store.ts'
import type { JobStore } from './job-store.ts'

/** Which job is meant, and where all of it lies. */
export interface JobStoreOptions extends StateOptions {
  readonly stateStore?: string
}

/** Opens what `--state` names, to read a job as a whole; a file has to be there. Rejects with BAD_OPTION. */
export async function openJobStore(options: JobStoreOptions, io: Io): Promise<JobStore> {
  const target = targetOf(options, io)
  if (target !== undefined) return openRedisStore(target, options, io)
  return new FileJobStore(findState(options, io.cwd), io.cwd, io.world)
}

/** The same, to put a job there: a file is made if need be. */
export async function openNewJobStore(options: JobStoreOptions, job: string, io: Io): Promise<JobStore> {
  const target = targetOf(options, io)
  if (target !== undefined) return openRedisStore(target, { ...options, job: options.job ?? job }, io)
  return new FileJobStore(options.state ?? defaultState(job), io.cwd, io.world)
}

function targetOf({ state }: JobStoreOptions, io: Io): RedisTarget | undefined {
  const target = state === undefined ? undefined : stateTarget(state, io)
  return target?.type === 'redis' ? target : undefined
}

async function openRedisStore(target: RedisTarget, options: JobStoreOptions, { cwd, world }: Io): Promise<JobStore> {
  const job = jobOf(target, options.job)
  const store = await openStateStore(stateStoreTarget(options.stateStore, cwd), job)
  const { redisParts } = await import('./redis-parts.ts')
  const { RedisJobStore } = await import('./redis-job-store.ts')
  return new RedisJobStore(job, target.where, redisParts(target, job, store, world), world)
}
