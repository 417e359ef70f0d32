import { type Checkpoint, type Graph, type Partition, taskName } from '@millrace/core'
import { Engine, planStages } from '@millrace/core/engine'
import type { RestoredTask } from '../../backplane/redis/scripts.ts'
import { storedShapes } from '../../worker/state-changes.ts'
import type { World } from '../../world.ts'
import { type JobImage, unreadTask } from '../transfer/job-image.ts'

/** Where a partition is to be read from. */
export interface Start {
  readonly source: string
  readonly partition: Partition
  /** Null for one that is read to its end. */
  readonly position: string | null
}

/** A job that has read nothing yet, but knows where it begins: as it is stored in a Redis, or in a state file. */
export function jobBeginning(
  kind: JobImage['kind'],
  graph: Graph,
  starts: readonly Start[],
  world: Pick<World, 'clock'>,
): Pick<JobImage, 'stages' | 'tasks'> {
  if (kind === 'file') return { stages: [], tasks: [oneTask(graph, starts, world)] }
  const sources = new Set(starts.map(({ source }) => source))
  const stages = planStages(graph, { partitions: 1 })
    .stages.filter((stage) => stage.kind === 'source' && sources.has(stage.name))
    .map(({ name, sends }) => ({ name, kind: 'source' as const, partitions: 0, sends }))
  return { stages, tasks: starts.map((start) => taskOf(start, starts)) }
}

/** Of many workers each partition is a task; it waits for its parents as far as they are to be read. */
function taskOf({ source, partition, position }: Start, starts: readonly Start[]): RestoredTask {
  const isAhead = (parent: string): boolean =>
    starts.some((each) => each.source === source && each.partition.id === parent && each.position !== null)
  const parents = position === null ? [] : (partition.parents ?? []).filter(isAhead)
  return {
    ...unreadTask,
    task: taskName(source, partition.id),
    state: position === null ? 'done' : parents.length === 0 ? 'ready' : 'waiting',
    partition: JSON.stringify(partition),
    start: position ?? 'ended',
    parents,
  }
}

/** In a state file all of a job is one task, and where it begins is in its first checkpoint. */
function oneTask(graph: Graph, starts: readonly Start[], { clock }: Pick<World, 'clock'>): RestoredTask {
  const engine = new Engine(graph, { clock })
  const positions: { [source: string]: { [partition: string]: string | null } } = {}
  for (const { source, partition, position } of starts) {
    const input = engine.addPartition(source, partition.id)
    if (position === null) engine.endPartition(input, [])
    ;(positions[source] ??= {})[partition.id] = position
  }
  const checkpoint: Checkpoint = {
    task: graph.name,
    seq: 1,
    tenure: { run: '', epoch: 0, nonce: '' },
    takenAt: clock.now(),
    topology: storedShapes(graph),
    positions,
    engine: engine.snapshot({ full: true }).meta,
    state: [],
    handles: [],
    sinks: {},
    finished: false,
  }
  return {
    ...unreadTask,
    task: graph.name,
    state: 'ready',
    seq: 1,
    takenAt: checkpoint.takenAt,
    record: JSON.stringify(checkpoint),
  }
}
