import {
  type Checkpoint,
  type ClaimedTask,
  type DeadLetter,
  type ExchangeWrite,
  type FoundPartition,
  type PartitionEnd,
  splitTaskName,
} from '@millrace/core'
import type { Engine, Stage } from '@millrace/core/engine'
import { Outbox } from '../exchange/outbox.ts'
import { unsendable } from '../exchange/unsendable.ts'
import type { Logger } from '../logger.ts'
import type { Inputs, Positions } from '../worker/inputs.ts'
import type { TaskLink } from '../worker/task-link.ts'
import type { World } from '../world.ts'
import { lettersOf } from './letter-source.ts'
import type { PartitionSource } from './partition-source.ts'
import type { Room } from './room.ts'

/** So much may wait to be sent: what one checkpoint moves through the backplane. */
const mostBytes = 4 * 1024 * 1024
/** So many partial aggregates may wait. */
const mostEntries = 20_000

/** What a {@link StageLink} joins. */
export interface StageLinkOptions {
  readonly stage: Stage
  readonly claimed: ClaimedTask
  readonly source: PartitionSource
  readonly room: Room
  readonly world: World
  readonly log: Logger
}

/** Joins the task of one stage on one partition to the stages before and behind it. */
export class StageLink implements TaskLink {
  readonly #options: StageLinkOptions
  readonly #outbox: Outbox
  readonly #letters: DeadLetter[] = []
  #engine: Engine | undefined
  /** Of a task that had read its partition to the end when it died. */
  #children: readonly FoundPartition[] = []

  constructor(options: StageLinkOptions) {
    this.#options = options
    this.#outbox = new Outbox((...row) => void this.#letters.push(unsendable(...row)))
  }

  positions(checkpoint: Checkpoint | undefined): Positions {
    const { stage, source, claimed } = this.#options
    if (checkpoint !== undefined && !this.#isRevived(checkpoint)) return checkpoint.positions
    const start = stage.kind === 'exchange' ? '0' : claimed.start
    return start === undefined ? {} : { [stage.name]: { [source.id]: start } }
  }

  begin(engine: Engine, checkpoint: Checkpoint | undefined): void {
    const { stage, source, claimed } = this.#options
    this.#engine = engine
    this.#children = checkpoint?.children ?? []
    const lives = Object.keys(checkpoint?.positions[stage.name] ?? {})
    if (checkpoint && this.#isRevived(checkpoint)) source.id = `${source.id}.${lives.length}`
    else source.id = lives.at(-1) ?? source.id
    if (checkpoint === undefined) engine.addPartition(stage.name, source.id, { watermark: claimed.watermark })
  }

  drain(): void {
    for (const output of this.#engine?.exchanges ?? [])
      if (output.rows > 0) this.#outbox.add(output.name, output.takeRows())
  }

  takeLetters(): readonly DeadLetter[] {
    return this.#letters.splice(0)
  }

  get isFull(): boolean {
    if (this.#outbox.bytes >= mostBytes) return true
    return this.#engine?.exchanges.some(({ entries }) => entries >= mostEntries) ?? false
  }

  get sends(): boolean {
    return this.#options.stage.sends.length > 0
  }

  hasRoom(): Promise<boolean> {
    return this.#options.room.has(this.#options.stage.sends)
  }

  write(inputs: Inputs): ExchangeWrite {
    const { stage, claimed } = this.#options
    for (const output of this.#engine?.exchanges ?? []) this.#outbox.addPartials(output.name, output.takePartials())
    const input = inputs.sources[0]?.partitions.get(this.#options.source.id)
    // a partition that has ended has no position any more, and everything that was read of it is processed
    const position = input?.position ?? this.#options.source.position
    const isExchange = stage.kind === 'exchange' && position !== undefined
    return {
      frames: this.#outbox.take(),
      staged: 0,
      sends: stage.sends,
      watermark: input?.input.watermark ?? claimed.watermark,
      idle: input?.idle ?? false,
      ...(isExchange && { consumed: { exchange: stage.name, partition: partitionOf(claimed), position } }),
    }
  }

  get redriven(): readonly number[] {
    return lettersOf(splitTaskName(this.#options.claimed.lease.task).partition) ?? []
  }

  get end(): PartitionEnd {
    const { children } = this.#options.source
    return { children: children.length > 0 ? children : this.#children }
  }

  /** Its exchange was at its end once, and then the job was started again over more input. */
  #isRevived({ finished }: Checkpoint): boolean {
    return finished && this.#options.stage.kind === 'exchange'
  }
}

const partitionOf = ({ lease }: ClaimedTask): number => Number(splitTaskName(lease.task).partition)
