import { MillraceError, type Partition, type Source, type SourceContext } from '@millrace/core'
import type { Logger } from '../logger.ts'
import type { World } from '../world.ts'
import { isTransientRead, messageOf, retry } from './retry.ts'
import type { Resolved } from './source-input.ts'

/** How many partitions a source is asked about at the same time. */
const concurrency = 16

/** What {@link resolvePositions} asks of whom. */
export interface ResolveOptions {
  readonly name: string
  readonly source: Source<unknown>
  readonly partitions: readonly Partition[]
  readonly contextOf: (partition: Partition) => SourceContext
  readonly world: World
  readonly log: Logger
}

/** Where these partitions begin, in the same order; asks again as long as it takes, and rejects only for good. */
export async function resolvePositions(options: ResolveOptions): Promise<Resolved[]> {
  const { partitions } = options
  const resolved = Array.from<Resolved>({ length: partitions.length })
  const left = partitions.entries()
  const work = async (): Promise<void> => {
    for (const [i, partition] of left) resolved[i] = await resolveOne(options, partition)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, partitions.length) }, work))
  return resolved
}

async function resolveOne(
  { name, source, contextOf, world, log }: ResolveOptions,
  partition: Partition,
): Promise<Resolved> {
  const context = contextOf(partition)
  try {
    const position = await retry(() => source.resolve(partition, context), {
      world,
      signal: context.signal,
      isTransient: isTransientRead,
      failed: (error) =>
        log.warn({ err: error, partition: partition.id }, `source ${name}: its start is not known yet`),
    })
    return { partition, position }
  } catch (cause) {
    const text = `source ${name}, partition ${partition.id}: where it begins is not known: ${messageOf(cause)}`
    throw new MillraceError('SOURCE', text, { cause, node: name, partition: partition.id })
  }
}
