import { badOption } from '@millrace/core'
import type { Io } from '../io.ts'
import type { StateOptions } from '../state-file.ts'
import { FileState } from './file-state.ts'
import type { JobState } from './job-state.ts'
import { RedisState } from './redis-state.ts'
import { type RedisTarget, stateTarget } from './state-target.ts'

/** Opens what a job has stored: the file or Redis that is named, else the file that is there. Rejects with BAD_OPTION. */
export async function openState(options: StateOptions, io: Pick<Io, 'cwd' | 'env'>): Promise<JobState> {
  const target = options.state === undefined ? undefined : stateTarget(options.state, io)
  if (target?.type === 'redis') return openRedisState(target, options.job)
  return new FileState(options, io.cwd)
}

/** What the workers of a job share on a Redis. Rejects with BAD_OPTION where there is no such job. */
export async function openRedisState(target: RedisTarget, job: string | undefined): Promise<RedisState> {
  const named = jobOf(target, job)
  // only those who have one pay for its client
  const { openRedis } = await import('./open-redis.ts')
  return RedisState.open({ where: target.where, job: named, backplane: openRedis(target, { job: named }) })
}

/** One Redis keeps many jobs. */
export function jobOf({ where }: RedisTarget, job: string | undefined): string {
  if (job !== undefined && job !== '') return job
  throw badOption(`--job: name the job; ${where} may keep many`)
}
