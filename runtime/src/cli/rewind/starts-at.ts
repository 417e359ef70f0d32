import type { Graph, Partition, SourceContext } from '@millrace/core'
import type { Start } from './job-beginning.ts'
import { type TimedSource, timedSources } from './timed-source.ts'

/** Where the partitions of all sources begin at a moment, in ms since 1970. Rejects with BAD_OPTION, naming sources that cannot tell. */
export async function startsAt(graph: Graph, at: number, context: SourceContext): Promise<Start[]> {
  const starts: Start[] = []
  for (const [name, source] of timedSources(graph)) {
    const partitions = await firstList(source, context)
    const positions = await Promise.all(partitions.map((partition) => source.resolveAt(partition, at, context)))
    partitions.forEach((partition, i) => starts.push({ source: name, partition, position: positions[i] as string }))
  }
  return starts
}

/** Later partitions are found by the workers, as always. */
export async function firstList(
  source: Pick<TimedSource, 'partitions'>,
  context: SourceContext,
): Promise<readonly Partition[]> {
  for await (const { partitions } of source.partitions(context)) return partitions
  return []
}
