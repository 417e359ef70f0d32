import { type ExchangeRows, type Graph, MillraceError } from '@millrace/core'
import type { Engine, PartitionMove, ReceivedFrames } from '@millrace/core/engine'
import { FrameDecoder } from '../exchange/frame-decoder.ts'
import type { Logger } from '../logger.ts'
import type { PartitionInput } from '../worker/source-input.ts'
import type { World } from '../world.ts'
import { fromPlain } from './plain-error.ts'
import type { FromStageThread, Made, Move, StageThreadData } from './stage-messages.ts'
import { StageThread } from './stage-thread.ts'
import { loggedFields } from './thread-logger.ts'
import { threadedSources, topologyMark } from './threaded-sources.ts'

/** A reader that does not close holds a stop up no longer than this. */
const closeWithinMs = 5_000

/** Options of {@link StageThreads}. */
export interface StageThreadsOptions {
  readonly graph: Graph
  readonly data: StageThreadData
  readonly count: number
  readonly world: World
  readonly log: Logger
}

/** What {@link StageThreads} tell the task they work for. */
export interface StageThreadsTask {
  readonly engine: Engine
  /** There is something to absorb. */
  readonly wake: () => void
  /** A read has failed and is tried again. */
  readonly failing: (from: PartitionInput) => void
  /** Reading cannot go on. */
  readonly unreadable: (error: unknown) => void
  readonly failed: (error: unknown) => void
}

/** What was absorbed at once. */
export interface Absorbed extends Pick<Made, 'bytes' | 'arrival' | 'backlog'> {
  readonly moves: readonly (Pick<Move, 'position' | 'isIdle' | 'end'> & { readonly from: PartitionInput })[]
}

/** A partition and the thread that reads it. */
interface Assigned {
  readonly from: PartitionInput
  readonly thread: StageThread
}

/**
 * Threads that read, decode and add up, for the one that keeps state, checkpoints and sinks. Each partition is read by one
 * thread. What a thread has made comes as one piece with the positions up to which it holds, and is absorbed between two
 * batches: so a checkpoint holds it wholly or not at all, and has to wait for nobody.
 *
 * ```
 *   reader ─▶ decode, filter, map, add up ─ made: partials, positions, 10 × a second ─▶ absorb ─▶ fire ─▶ sinks
 *              ▲                                                                          │
 *              └────────────────────────────── absorbed: send again ──────────────────────┘
 * ```
 */
export class StageThreads {
  readonly #options: StageThreadsOptions
  readonly #threads: readonly StageThread[]
  readonly #threaded: ReadonlySet<string>
  readonly #assigned = new Map<number, Assigned>()
  readonly #arrived: { readonly thread: StageThread; readonly made: Made }[] = []
  readonly #nodes = new Map<StageThread, Made['nodes']>()
  readonly #decoder = new FrameDecoder()
  /** The thread whose work was absorbed, and is being fired and written. */
  #last: StageThread | undefined
  #next = 0
  #task: StageThreadsTask | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(options: StageThreadsOptions) {
    this.#options = options
    const sources = threadedSources(options.graph)
    for (const { stage, obstacle } of sources)
      if (obstacle !== undefined)
        options.log.warn({ source: stage.name }, `source ${stage.name} is processed by one thread: ${obstacle}`)
    this.#threaded = new Set(sources.flatMap(({ stage, obstacle }) => (obstacle === undefined ? [stage.name] : [])))
    const count = this.#threaded.size === 0 ? 0 : options.count
    this.#threads = Array.from({ length: count }, () => this.#start())
  }

  /** Joins them to a task. */
  begin(task: StageThreadsTask): void {
    this.#task = task
    if (this.#failure) task.failed(this.#failure.error)
  }

  /** Whether partitions of a source are read by threads. */
  reads(source: string): boolean {
    return this.#threaded.has(source)
  }

  /** Lets a thread read a partition from where it stands. */
  read(from: PartitionInput): void {
    const thread = this.#threads.reduce((least, each) => (each.partitions < least.partitions ? each : least))
    const number = this.#next++
    const { partition, position, input, owner } = from
    const { watermark, count } = input
    thread.partitions++
    this.#assigned.set(number, { from, thread })
    const place = { partition, position: position ?? '', watermark, count }
    thread.send({ type: 'read', number, source: owner.name, ...place })
  }

  /**
   * Takes in what one thread has made. All that was taken in by the call before must be fired and written: its thread goes
   * on now.
   */
  absorb(): Absorbed | undefined {
    this.#last?.send({ type: 'absorbed' })
    const arrived = this.#arrived.shift()
    this.#last = arrived?.thread
    return arrived && this.#absorb(arrived.thread, arrived.made)
  }

  /** Records that each node has passed on in threads, by name, thread by thread. */
  get nodes(): Iterable<Made['nodes']> {
    return this.#nodes.values()
  }

  async close(): Promise<void> {
    let cancel: (() => void) | undefined
    const within = new Promise<void>((resolve) => (cancel = this.#options.world.timer(closeWithinMs, resolve)))
    await Promise.all(this.#threads.map((thread) => thread.close(within)))
    cancel?.()
  }

  #start(): StageThread {
    const failed = (error: unknown): void => this.#fail(error)
    const thread: StageThread = new StageThread(this.#options.data, (message) => this.#hear(thread, message), failed)
    return thread
  }

  #absorb(thread: StageThread, { partials, frames, letters, moves, nodes, ...rest }: Made): Absorbed {
    this.#nodes.set(thread, nodes)
    const moved = moves.map(({ number, ...to }) => ({ from: this.#of(number).from, ...to }))
    const exchanges = [...frames.map((frame) => this.#framesIn(...frame)), ...partials.map(partialsIn)]
    const partitions = moved.map(({ from, ...to }): PartitionMove => ({ partition: from.input, ...to }))
    this.#task?.engine.absorb({ exchanges, letters, partitions })
    for (const { number, end } of moves) if (end !== undefined) this.#end(number)
    return { moves: moved, ...rest }
  }

  #framesIn(state: string, entry: Uint8Array): [string, ReceivedFrames] {
    const frames = this.#decoder.decode(entry, { exchange: state, partition: 0, position: 'between threads' })
    const rows = frames.flatMap((frame): ExchangeRows[] => (frame.kind === 'rows' ? [frame.rows] : []))
    return [state, { rows, watermark: undefined }]
  }

  #of(number: number): Assigned {
    return this.#assigned.get(number) as Assigned
  }

  #end(number: number): void {
    this.#of(number).thread.partitions--
    this.#assigned.delete(number)
  }

  #hear(thread: StageThread, message: FromStageThread): void {
    switch (message.type) {
      case 'ready':
        return this.#check(message.topology)
      case 'made':
        this.#arrived.push({ thread, made: message })
        return this.#task?.wake()
      case 'failing':
        return this.#task?.failing(this.#of(message.number).from)
      case 'unreadable':
        return this.#task?.unreadable(fromPlain(message.error))
      case 'log':
        return this.#options.log[message.level](loggedFields(message.fields), message.message)
      case 'failed':
        return this.#fail(fromPlain(message.error))
      case 'stopped':
    }
  }

  #check(topology: string): void {
    if (topology === topologyMark(this.#options.graph)) return
    const { module } = this.#options.data
    this.#fail(new MillraceError('BAD_OPTION', `threads.module: ${module} has another topology as its default export`))
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#task?.failed(error)
  }
}

const partialsIn = ([state, blob]: Made['partials'][number]): [string, ReceivedFrames] => [
  state,
  { partials: [blob], watermark: undefined },
]
