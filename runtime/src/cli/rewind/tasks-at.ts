import type { Graph, Partition, SourceContext } from '@millrace/core'
import type { RestoredTask, StageShape } from '../../backplane/redis/scripts.ts'
import { taskName } from '@millrace/core'
import { planStages } from '@millrace/core/engine'
import { type TimedSource, timedSources } from './timed-source.ts'

/** The tasks of all sources as they begin at a moment, and the stages they belong to. */
export async function tasksAt(
  graph: Graph,
  at: number,
  context: SourceContext,
): Promise<{ readonly stages: readonly StageShape[]; readonly tasks: readonly RestoredTask[] }> {
  const sources = timedSources(graph)
  const stages = planStages(graph, { partitions: 1 }).stages.filter(({ kind }) => kind === 'source')
  const tasks: RestoredTask[] = []
  for (const [name, source] of sources) tasks.push(...(await tasksOf(name, source, at, context)))
  return { stages: stages.map(({ name, sends }) => ({ name, kind: 'source', partitions: 0, sends })), tasks }
}

async function tasksOf(name: string, source: TimedSource, at: number, context: SourceContext): Promise<RestoredTask[]> {
  const partitions = await firstList(source, context)
  const ids = new Set(partitions.map(({ id }) => id))
  return Promise.all(
    partitions.map(async (partition) => {
      const start = await source.resolveAt(partition, at, context)
      return taskOf(
        name,
        partition,
        (partition.parents ?? []).filter((id) => ids.has(id)),
        start,
      )
    }),
  )
}

/** Later partitions are found by the workers, as always. */
export async function firstList(
  source: Pick<TimedSource, 'partitions'>,
  context: SourceContext,
): Promise<readonly Partition[]> {
  for await (const { partitions } of source.partitions(context)) return partitions
  return []
}

/** A partition that was never read, as a task. */
export const taskOf = (
  source: string,
  partition: Partition,
  parents: readonly string[],
  start: string,
): RestoredTask => ({
  task: taskName(source, partition.id),
  state: parents.length === 0 ? 'ready' : 'waiting',
  seq: 0,
  takenAt: undefined,
  watermark: undefined,
  partition: JSON.stringify(partition),
  start,
  parents,
  from: -Infinity,
  end: undefined,
  record: undefined,
})
