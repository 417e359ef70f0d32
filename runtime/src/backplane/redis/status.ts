import { type ClusterStatus, taskName } from '@millrace/core'
import { workersOf } from './roster.ts'
import type { Overview, Scripts, TaskReply } from './scripts.ts'
import { chunksOf } from './split.ts'

const tasksACall = 500

/** The whole job: read in several scripts, so parts of it may be a moment older than others. */
export async function readStatus(scripts: Scripts): Promise<ClusterStatus> {
  const view = await scripts.overview()
  const exchanges = view.stages.filter(({ kind }) => kind === 'exchange').map(({ name }) => name)
  const depths = await scripts.depths({ exchanges })
  const tasks = await readTasks(scripts, view)
  return {
    run: view.run,
    now: view.now,
    workers: workersOf(view.lines),
    tasks: tasks.map(({ partition: _p, start: _s, parents: _a, from: _f, end: _e, record: _r, ...info }) => info),
    exchanges: exchanges.map((exchange, i) => ({
      exchange,
      depths: depths[i] ?? [],
      watermark: view.watermarks[exchange],
    })),
    finished: view.finished,
  }
}

/** All tasks that are registered, by name. */
export async function readTasks(scripts: Scripts, view: Overview): Promise<TaskReply[]> {
  const tasks: TaskReply[] = []
  for (const names of chunksOf(namesOf(view), tasksACall)) tasks.push(...(await scripts.tasks({ tasks: names })))
  return tasks
}

const namesOf = ({ stages, partitions }: Overview): string[] =>
  stages
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((stage) =>
      stage.kind === 'source'
        ? (partitions[stage.name] ?? []).toSorted().map((id) => taskName(stage.name, id))
        : Array.from({ length: stage.partitions }, (_, partition) => taskName(stage.name, partition)),
    )
