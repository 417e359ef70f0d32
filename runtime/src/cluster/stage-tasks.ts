import {
  type ClaimedTask,
  type ClusterBackplane,
  MillraceError,
  type Partition,
  type Source,
  splitTaskName,
} from '@millrace/core'
import type { Plan, Stage } from '@millrace/core/engine'
import type { ExchangeHub } from '../exchange/exchange-hub.ts'
import { exchangeSource } from '../exchange/exchange-source.ts'
import { Task, type TaskSettings } from '../worker/task.ts'
import { LetterSource, lettersOf } from './letter-source.ts'
import { PartitionSource } from './partition-source.ts'
import type { Room } from './room.ts'
import { StageLink } from './stage-link.ts'

/** What the tasks of a worker share. */
export interface StageTaskSettings extends Omit<TaskSettings, 'maxReaders'> {
  readonly backplane: ClusterBackplane
  readonly plan: Plan
  readonly hub: ExchangeHub
  readonly room: Room
  /** Time between checkpoints of a task whose sinks do not wait for them, so that what it sends is soon on its way. */
  readonly exchangeEveryMs: number
}

/** Makes a task of a claim: its stage of the topology, on its partition. */
export class StageTasks {
  readonly #settings: StageTaskSettings
  readonly #stages: ReadonlyMap<string, Stage>

  constructor(settings: StageTaskSettings) {
    this.#settings = settings
    this.#stages = new Map(settings.plan.stages.map((stage) => [stage.name, stage]))
  }

  make(claimed: ClaimedTask): Task {
    const { lease } = claimed
    const { stage: name, partition: id } = splitTaskName(lease.task)
    const stage = this.#stages.get(name)
    if (stage === undefined) throw unknownStage(lease.task)
    const source = new PartitionSource(this.#sourceOf(stage, id), claimed.partition ?? { id })
    const { world, log, room } = this.#settings
    const link = new StageLink({ stage, claimed, source, room, world, log })
    return new Task({
      ...this.#settings,
      log: log.child({ task: lease.task }),
      graph: stage.graph,
      sources: [{ ...stage.head, source }],
      lease,
      link,
      maxReaders: 1,
      checkpointEveryMs: this.#checkpointEveryMs(stage),
    })
  }

  #sourceOf(stage: Stage, id: Partition['id']): Source<unknown> {
    const letters = lettersOf(id)
    if (letters) return new LetterSource(this.#settings.backplane, stage.head.source, letters)
    if (stage.kind === 'source') return stage.head.source
    return exchangeSource(this.#settings.hub, { exchange: stage.name, partition: Number(id) }, this.#settings.world)
  }

  #checkpointEveryMs({ graph }: Stage): number {
    const { checkpointEveryMs, exchangeEveryMs } = this.#settings
    const prepares = graph.sinks.some(({ sink }) => sink.guarantee === 'exactly-once')
    return prepares ? checkpointEveryMs : Math.min(checkpointEveryMs, exchangeEveryMs)
  }
}

const unknownStage = (task: string): MillraceError =>
  new MillraceError(
    'CHANGED_TOPOLOGY',
    `task ${task}: this topology has no source or exchange of that name; stop workers of another version of it`,
  )
