import type { Checkpoint, MillraceError, Partition, Read, SourceContext, SourceNode } from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Logger } from '../logger.ts'
import type { StageThreads } from '../threads/stage-threads.ts'
import type { World } from '../world.ts'
import { discover } from './discovery.ts'
import { PartitionReader } from './partition-reader.ts'
import { resolvePositions } from './positions.ts'
import { type PartitionInput, type PartitionReads, type Resolved, SourceInput } from './source-input.ts'

/** Positions as a checkpoint keeps them. */
export type Positions = { readonly [source: string]: { readonly [partition: string]: string | null } }

/** What {@link Inputs} reads, and whom it tells. */
export interface InputsOptions {
  readonly sources: readonly SourceNode[]
  readonly engine: Engine
  /** Its signal ends all reading. */
  readonly context: SourceContext
  readonly world: World
  readonly log: Logger
  /** How many partitions of a source are read at the same time. */
  readonly maxReaders: number
  /** There is something for the loop to do. */
  readonly wake: () => void
  readonly failed: (error: MillraceError) => void
  /** Read the partitions of some sources. */
  readonly threads?: StageThreads | undefined
}

/** A read and the partition it came from. */
export interface Arrival {
  readonly from: PartitionInput
  readonly read: Read<unknown>
}

/**
 * All partitions of all sources. What discovery and readers find out in their own time is kept as actions, which the
 * loop applies between batches, so that nothing here changes while a batch or a checkpoint is under way.
 */
export class Inputs {
  readonly sources: readonly SourceInput[]
  readonly #options: InputsOptions
  readonly #actions: (() => void)[] = []
  readonly #ready: PartitionInput[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #readers = new Map<SourceInput, Set<PartitionReads>>()
  /** Number of partitions that threads read, by source. */
  readonly #elsewhere = new Map<SourceInput, number>()

  constructor(options: InputsOptions) {
    this.#options = options
    const { engine } = options
    this.sources = options.sources.map((node): SourceInput => {
      const source = new SourceInput({ node, engine, resolve: (...request) => this.#resolve(source, ...request) })
      this.#readers.set(source, new Set())
      return source
    })
  }

  /** Takes up the partitions of a checkpoint. Sources that it does not have begin now. */
  restore(positions: Positions, beginnings: Checkpoint['beginnings'] = {}): void {
    for (const source of this.sources) {
      const partitions = positions[source.name]
      if (partitions !== undefined) source.beginning.restore(beginnings[source.name])
      for (const [id, position] of Object.entries(partitions ?? {})) source.restore(id, position)
      source.beginning.begin(this.#options.world.clock.now())
    }
  }

  /** Begins to look for partitions and to read them. */
  start(): void {
    const { world, log, failed } = this.#options
    for (const input of this.sources) {
      const listed = (list: Parameters<SourceInput['list']>[0]): void => this.#post(() => input.list(list))
      const context = this.#contextOf(input)
      this.#keep(discover({ name: input.name, source: input.source, context, world, log, listed, failed }))
    }
  }

  /** Applies what was found out since the last call. @returns whether there was anything */
  apply(): boolean {
    if (this.#actions.length === 0) return false
    for (const action of this.#actions.splice(0)) action()
    this.startReaders()
    return true
  }

  /** Reads partitions whose position is stored and whose parents have ended. */
  startReaders(): void {
    for (const input of this.sources) {
      const room = this.#options.maxReaders - (this.#readers.get(input)?.size ?? 0) - this.#readElsewhere(input)
      for (const partition of input.takeStartable(room)) this.#read(partition)
    }
  }

  /** The read that has waited longest. */
  next(): Arrival | undefined {
    const from = this.#ready.shift()
    const read = from?.reader?.take()
    return from && read && { from, read }
  }

  /** Ends a partition; its children are read once a checkpoint holds them. */
  end({ from, read }: Arrival): void {
    if (read.type !== 'end') return
    if (from.reader) this.#readers.get(from.owner)?.delete(from.reader)
    else this.#elsewhere.set(from.owner, this.#readElsewhere(from.owner) - 1)
    from.owner.end(from, read)
    this.startReaders()
  }

  get isEager(): boolean {
    return this.sources.some((source) => source.isEager)
  }

  /** Partitions that have not ended. */
  get live(): number {
    return this.sources.reduce((total, { live }) => total + live, 0)
  }

  get isDone(): boolean {
    return this.#actions.length === 0 && this.sources.every((source) => source.isDone)
  }

  positions(): Positions {
    return Object.fromEntries(
      this.sources.map(({ name, partitions }) => [
        name,
        Object.fromEntries([...partitions].map(([id, { position }]) => [id, position])),
      ]),
    )
  }

  /** Of the sources whose first partitions do not all have a position yet. */
  beginnings(): Checkpoint['beginnings'] {
    const all = this.sources.map(({ name, beginning, partitions }) => [name, beginning.stored(partitions)] as const)
    const left = all.filter(([, beginning]) => beginning !== undefined)
    return left.length > 0 ? (Object.fromEntries(left) as Checkpoint['beginnings']) : undefined
  }

  /** A checkpoint holds all positions now. */
  stored(): void {
    for (const source of this.sources) source.stored()
    this.startReaders()
  }

  /** Resolves when all readers are closed; the signal must have fired. */
  async close(): Promise<void> {
    const readers = [...this.#readers.values()].flatMap((set) => [...set])
    await Promise.all([...this.#running, ...readers.map((reader) => reader.closed())])
  }

  #readElsewhere(input: SourceInput): number {
    return this.#elsewhere.get(input) ?? 0
  }

  /** A read of this partition has failed, and is tried again elsewhere. */
  failing(from: PartitionInput): void {
    this.#post(() => this.#notIdle(from))
  }

  #read(from: PartitionInput): void {
    const { threads } = this.#options
    if (threads?.reads(from.owner.name) !== true) return this.#readHere(from)
    this.#elsewhere.set(from.owner, this.#readElsewhere(from.owner) + 1)
    threads.read(from)
  }

  #readHere(from: PartitionInput): void {
    const { world, log, failed, wake } = this.#options
    const { owner, partition, position } = from
    from.reader = new PartitionReader({
      name: owner.name,
      source: owner.source,
      partition,
      position: position ?? '',
      context: this.#options.context,
      world,
      log: log.child({ source: owner.name, partition: partition.id }),
      ready: () => {
        this.#ready.push(from)
        wake()
      },
      failing: () => this.failing(from),
      failed,
    })
    this.#readers.get(owner)?.add(from.reader)
    from.reader.start()
  }

  /** A partition that cannot be read may have something: it holds the watermark back again. */
  #notIdle(from: PartitionInput): void {
    from.idleSince = undefined
    if (from.idle) this.#options.engine.setIdle(from.input, false)
    from.idle = false
  }

  #contextOf({ beginning }: SourceInput, partition?: Partition): SourceContext {
    const { at } = beginning
    const isResumed = partition === undefined ? at === undefined : !beginning.includes(partition.id)
    return { ...this.#options.context, isResumed, ...(at !== undefined && { beganAt: at }) }
  }

  #resolve(source: SourceInput, partitions: readonly Partition[], done: (answer: readonly Resolved[]) => void): void {
    const { world, log, failed } = this.#options
    const { name, node } = source
    const contextOf = (partition: Partition): SourceContext => this.#contextOf(source, partition)
    const asked = resolvePositions({ name, source: node.source, partitions, contextOf, world, log }).then(
      (answer) => this.#post(() => done(answer)),
      (error: MillraceError) => (this.#options.context.signal.aborted ? undefined : failed(error)),
    )
    this.#keep(asked)
  }

  #keep(running: Promise<void>): void {
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
  }

  #post(action: () => void): void {
    this.#actions.push(action)
    this.#options.wake()
  }
}
