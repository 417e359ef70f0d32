import { isMainThread, workerData } from 'node:worker_threads'
import { badOption, type Graph } from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import type { StageThreadData } from './stage-messages.ts'
import { StageThreads } from './stage-threads.ts'
import { isCloneable, type ResolvedThreadOptions } from './thread-options.ts'

/** What is added up holds the watermark back until it is sent. */
const mostSendEveryMs = 100

/** Starts the threads of a job. Throws BAD_OPTION when the parameters of its topology cannot go to them. */
export function openThreads(
  world: World,
  graph: Graph,
  { count, module, set: own }: ResolvedThreadOptions,
  { log, checkpointEveryMs }: { readonly log: Logger; readonly checkpointEveryMs: number },
  { set = {}, env }: { readonly set?: { readonly [name: string]: unknown }; readonly env?: StageThreadData['env'] },
): StageThreads {
  const given = own ?? set
  for (const [name, value] of Object.entries(given))
    if (!isCloneable(value))
      throw badOption(`set.${name}: cannot go to a thread as it is; give it as text, or give threads.set`)
  const sendEveryMs = Math.min(mostSendEveryMs, checkpointEveryMs)
  const data: StageThreadData = {
    millrace: 'stage thread',
    module,
    set: given,
    sendEveryMs,
    ...(env && own === undefined && { env: { ...env } }),
  }
  return new StageThreads({ graph, data, count, world, log })
}

/** A module that starts its job when it is imported would start it again in each thread. */
export function refuseStageThread(): void {
  const data = workerData as Partial<StageThreadData> | null
  if (!isMainThread && data?.millrace === 'stage thread')
    throw badOption('threads.module: starts a job when it is imported; give the topology a file of its own')
}
