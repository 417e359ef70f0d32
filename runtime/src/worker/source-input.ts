import type { EndOfPartition, Partition, PartitionList, Position, Read, Source, SourceNode } from '@millrace/core'
import type { Engine, InputPartition } from '@millrace/core/engine'
import { Beginning } from './beginning.ts'

/**
 * One partition on its way through a job.
 *
 * ```
 *   listed ─▶ unborn ─ parents ended, position resolved ─▶ unstored ─ checkpoint ─▶ waiting ─▶ reading ─▶ ended
 * ```
 *
 * An unborn one is no {@link PartitionInput} yet: the watermark of its parents stands for it. It is unstored until a
 * checkpoint holds its position, so that a start at the latest record is decided once. It waits for a second parent, or
 * for its turn among many.
 */
export interface PartitionInput {
  readonly owner: SourceInput
  partition: Partition
  readonly input: InputPartition
  /** Behind the last record that the engine has taken; null once ended. */
  position: Position | null
  state: 'unstored' | 'waiting' | 'reading' | 'ended'
  /** Absent where another thread reads it. */
  reader?: PartitionReads
  /** When, by the clock for intervals, the present row of reads that found nothing began. */
  idleSince?: number | undefined
  idle: boolean
}

/** Keeps one read of a partition ready. */
export interface PartitionReads {
  start(): void
  take(): Read<unknown> | undefined
  closed(): Promise<void>
}

/** Where the first record of a partition lies. */
export interface Resolved {
  readonly partition: Partition
  readonly position: Position
}

/** What a {@link SourceInput} needs of the worker. */
export interface SourceInputOptions {
  readonly node: SourceNode
  readonly engine: Engine
  /** Asks the source, again and again, for the positions of partitions; then tells them to the loop. */
  readonly resolve: (partitions: readonly Partition[], resolved: (answer: readonly Resolved[]) => void) => void
}

/** The partitions of one source. All methods are called by the loop, between batches. */
export class SourceInput {
  readonly node: SourceNode
  readonly partitions: Map<string, PartitionInput> = new Map()
  readonly #engine: Engine
  readonly #resolve: SourceInputOptions['resolve']
  readonly #unborn = new Map<string, Partition>()
  readonly #resolving = new Set<string>()
  readonly #unstored = new Set<PartitionInput>()
  readonly #waiting = new Set<PartitionInput>()
  #live = 0
  readonly beginning: Beginning = new Beginning()
  #isListed = false
  #listIsFinal = false
  #isFinal = false

  constructor({ node, engine, resolve }: SourceInputOptions) {
    this.node = node
    this.#engine = engine
    this.#resolve = resolve
  }

  get name(): string {
    return this.node.name
  }

  get source(): Source<unknown> {
    return this.node.source
  }

  /** Number of partitions that are registered and have not ended. */
  get live(): number {
    return this.#live
  }

  /** Nothing more will ever come. */
  get isDone(): boolean {
    return this.#isFinal && this.#live === 0
  }

  /** A partition that a checkpoint knows. */
  restore(id: string, position: Position | null): void {
    const input = this.#engine.addPartition(this.name, id)
    const state = position === null ? 'ended' : 'waiting'
    this.#add({ owner: this, partition: { id }, input, position, state, idle: false })
  }

  list(list: PartitionList): void {
    const { partitions, final } = list
    for (const partition of partitions) {
      const known = this.partitions.get(partition.id)
      if (known) known.partition = partition
      else if (!this.#resolving.has(partition.id)) this.#unborn.set(partition.id, partition)
    }
    this.beginning.list(list)
    this.#isListed = true
    this.#listIsFinal ||= final
    this.#bear()
  }

  /**
   * Ends a partition and registers its children in one step, so that the watermark cannot pass what they have yet to
   * bring. Where they begin is asked first; until then the partition has not ended.
   */
  end(ended: PartitionInput, read: EndOfPartition, resolved: readonly Resolved[] = []): void {
    const children = this.#childrenOf(ended.partition.id, read).filter(({ id }) => !this.partitions.has(id))
    const isResolved = (id: string): boolean => resolved.some(({ partition }) => partition.id === id)
    const missing = children.filter(({ id }) => !isResolved(id))
    if (missing.length > 0) {
      this.#resolve(missing, (answer) => this.end(ended, read, [...resolved, ...answer]))
      return
    }
    const heirs = this.#childrenOf(ended.partition.id, read).map(({ id, parents = [] }) => ({
      id,
      parents: this.#known(parents),
    }))
    this.#engine.endPartition(ended.input, heirs)
    ended.state = 'ended'
    ended.position = null
    this.#live--
    for (const { partition, position } of resolved) this.#register(partition, position)
    this.#bear()
  }

  /** Positions of new partitions are in a checkpoint now. */
  stored(): void {
    for (const each of this.#unstored) {
      each.state = 'waiting'
      this.#waiting.add(each)
    }
    this.#unstored.clear()
  }

  /** Whether a checkpoint should be written for the sake of new partitions, of which no more are about to come. */
  get isEager(): boolean {
    return this.#unstored.size > 0 && this.#resolving.size === 0
  }

  /**
   * Takes up to `most` partitions whose turn it is to be read. None before the source has listed them: only then are
   * their parents known.
   */
  takeStartable(most: number): PartitionInput[] {
    const startable: PartitionInput[] = []
    for (const each of this.#isListed ? this.#waiting : []) {
      if (startable.length === most) break
      if (!this.#hasLiveParent(each.partition)) startable.push(each)
    }
    for (const each of startable) {
      each.state = 'reading'
      this.#waiting.delete(each)
    }
    return startable
  }

  /** Asks for the positions of those unborn that wait for no parent. */
  #bear(): void {
    const due = [...this.#unborn.values()].filter((partition) => !this.#hasLiveParent(partition))
    for (const { id } of due) {
      this.#unborn.delete(id)
      this.#resolving.add(id)
    }
    if (due.length > 0) this.#resolve(due, (answer) => this.#born(answer))
    this.#settleFinal()
  }

  #born(answer: readonly Resolved[]): void {
    for (const { partition, position } of answer) {
      this.#resolving.delete(partition.id)
      this.#register(partition, position)
    }
    this.#bear()
  }

  #register(partition: Partition, position: Position): void {
    this.#unborn.delete(partition.id)
    if (this.partitions.has(partition.id)) return
    const input = this.#engine.addPartition(this.name, partition.id, { parents: this.#known(partition.parents) })
    this.#add({ owner: this, partition, input, position, state: 'unstored', idle: false })
  }

  #add(partition: PartitionInput): void {
    this.partitions.set(partition.partition.id, partition)
    if (partition.state !== 'ended') this.#live++
    if (partition.state === 'unstored') this.#unstored.add(partition)
    if (partition.state === 'waiting') this.#waiting.add(partition)
  }

  /** Without those that are gone. One that waits for its own parents counts: else a child would begin ahead of it. */
  #known(parents: readonly string[] = []): string[] {
    return parents.filter((id) => this.partitions.has(id) || this.#unborn.has(id) || this.#resolving.has(id))
  }

  /** Those that the reader has named, and those that a list has, be they registered by another parent or not. */
  #childrenOf(parent: string, { children = [] }: EndOfPartition): Partition[] {
    const registered = [...this.#unstored, ...this.#waiting].map(({ partition }) => partition)
    const listed = [...this.#unborn.values(), ...registered].filter(({ parents }) => parents?.includes(parent))
    return [...children, ...listed.filter(({ id }) => !children.some((child) => child.id === id))]
  }

  #hasLiveParent({ parents = [] }: Partition): boolean {
    return parents.some((id) => this.#unborn.has(id) || this.#resolving.has(id) || this.#isRead(id))
  }

  #isRead(id: string): boolean {
    const known = this.partitions.get(id)
    return known !== undefined && known.state !== 'ended'
  }

  #settleFinal(): void {
    if (this.#isFinal || !this.#listIsFinal || this.#unborn.size > 0 || this.#resolving.size > 0) return
    this.#isFinal = true
    this.#engine.setFinal(this.name)
  }
}
