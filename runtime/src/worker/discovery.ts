import { MillraceError, type PartitionList, type Source, type SourceContext } from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { Backoff, isTransientRead, messageOf, sleep } from './retry.ts'

/** What a {@link discover} asks, and whom it tells. */
export interface DiscoveryOptions {
  readonly name: string
  readonly source: Source<unknown>
  readonly context: SourceContext
  readonly world: World
  readonly log: Logger
  readonly listed: (list: PartitionList) => void
  readonly failed: (error: MillraceError) => void
}

/**
 * Follows the partitions of a source until its list is final or the signal fires; asks again, ever more rarely, after
 * errors. Never rejects.
 */
export async function discover(options: DiscoveryOptions): Promise<void> {
  const { context, world, log, name } = options
  const backoff = new Backoff(world)
  while (!context.signal.aborted) {
    try {
      if (await follow(options, backoff)) return
    } catch (error) {
      if (context.signal.aborted) return
      if (!isTransientRead(error)) return options.failed(listingFailed(name, error))
      log.warn({ err: error }, `source ${name}: listing its partitions failed; it will be asked again`)
    }
    await sleep(backoff.next(), world, context.signal)
  }
}

async function follow({ source, context, listed }: DiscoveryOptions, backoff: Backoff): Promise<boolean> {
  for await (const list of source.partitions(context)) {
    if (context.signal.aborted) return true
    backoff.reset()
    listed(list)
    if (list.final) return true
  }
  return false
}

const listingFailed = (node: string, cause: unknown): MillraceError =>
  new MillraceError('SOURCE', `source ${node}: listing its partitions failed: ${messageOf(cause)}`, { cause, node })
