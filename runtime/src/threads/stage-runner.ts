import { setMaxListeners } from 'node:events'
import type { DeadLetter, Graph, Read, Records, SourceNode } from '@millrace/core'
import { Engine, type InputPartition } from '@millrace/core/engine'
import { Outbox } from '../exchange/outbox.ts'
import { unsendable } from '../exchange/unsendable.ts'
import type { Logger } from '../logger.ts'
import { PartitionReader } from '../worker/partition-reader.ts'
import { bytesOf, rowsOf } from '../worker/rows-of.ts'
import { Wake } from '../worker/wake.ts'
import type { World } from '../world.ts'
import type { Made, Move, ReadRequest } from './stage-messages.ts'
import { threadedSources } from './threaded-sources.ts'

/** The thread has other things to do than to process: messages, readers. */
const turnMs = 5
/** Keys, panes and kilobytes of rows that may wait to be sent. */
const mostWaiting = 20_000

/** Options of {@link StageRunner}. */
export interface StageRunnerOptions {
  readonly graph: Graph
  readonly sendEveryMs: number
  readonly world: World
  readonly log: Logger
  readonly send: (made: Made) => void
  readonly failing: (number: number) => void
  readonly unreadable: (error: unknown) => void
}

interface StagePartition {
  readonly number: number
  readonly engine: Engine
  readonly input: InputPartition
  readonly reader: PartitionReader
  position: string
  isIdle: boolean
  end: Move['end']
}

/**
 * Reads partitions, runs the source stages of a topology over them, and sends what it has made of it from time to time:
 * each time all of it, up to one position of each partition. It sends again when that is absorbed; while it may not and has
 * much that waits, it reads nothing.
 */
export class StageRunner {
  readonly #options: StageRunnerOptions
  readonly #engines: ReadonlyMap<string, { readonly engine: Engine; readonly head: SourceNode }>
  readonly #ready: StagePartition[] = []
  readonly #moved = new Set<StagePartition>()
  readonly #letters: DeadLetter[] = []
  readonly #outbox: Outbox
  readonly #wake = new Wake()
  readonly #stopping = new AbortController()
  readonly #readers = new Set<PartitionReader>()
  #bytes = 0
  #arrival: number | undefined
  #backlog = 0
  #maySend = true
  /** When the oldest of what waits was made. */
  #since: number | undefined

  constructor(options: StageRunnerOptions) {
    this.#options = options
    const stages = threadedSources(options.graph).filter(({ obstacle }) => obstacle === undefined)
    const { clock } = options.world
    this.#engines = new Map(
      stages.map(({ stage }) => [stage.name, { engine: new Engine(stage.graph, { clock }), head: stage.head }]),
    )
    this.#outbox = new Outbox((...row) => void this.#letters.push(unsendable(...row)))
    setMaxListeners(0, this.#stopping.signal)
  }

  /** Begins to read a partition. */
  read({ number, source, partition, position, watermark, count }: ReadRequest): void {
    const stage = this.#engines.get(source)
    if (stage === undefined) throw new Error(`source ${source} has no stage of its own here`)
    const { world, log, failing, unreadable } = this.#options
    const input = stage.engine.addPartition(source, partition.id)
    stage.engine.absorb({ exchanges: [], letters: [], partitions: [{ partition: input, watermark, count }] })
    const reader = new PartitionReader({
      name: source,
      source: stage.head.source,
      partition,
      position,
      context: { clock: world.clock, signal: this.#stopping.signal },
      world,
      log: log.child({ source, partition: partition.id }),
      ready: () => {
        this.#ready.push(read)
        this.#wake.call()
      },
      failing: () => failing(number),
      failed: unreadable,
    })
    const read: StagePartition = {
      number,
      engine: stage.engine,
      input,
      reader,
      position,
      isIdle: false,
      end: undefined,
    }
    this.#readers.add(reader)
    reader.start()
  }

  /** What was sent last is absorbed. */
  absorbed(): void {
    this.#maySend = true
    this.#wake.call()
  }

  /** Ends {@link StageRunner.run}, and closes all readers. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake.call()
    await Promise.all([...this.#readers].map((reader) => reader.closed()))
  }

  /** Works until it is stopped. Rejects with what a record did whose node says `onError: 'fail'`. */
  async run(): Promise<void> {
    const { world } = this.#options
    let turnAt = world.elapsed()
    while (!this.#stopping.signal.aborted) {
      const worked = this.#work()
      if (this.#maySend && this.#untilSend() <= 0) this.#send()
      if (!worked) await this.#wake.wait(this.#maySend ? this.#untilSend() : Infinity, world)
      else if (world.elapsed() - turnAt >= turnMs) await world.giveWay()
      else continue
      turnAt = world.elapsed()
    }
  }

  #work(): boolean {
    if (this.#waiting >= mostWaiting) return false
    const from = this.#ready.shift()
    const read = from?.reader.take()
    if (from === undefined || read === undefined) return false
    this.#take(from, read)
    this.#moved.add(from)
    this.#since ??= this.#options.world.elapsed()
    return true
  }

  #take(from: StagePartition, read: Read<unknown>): void {
    from.isIdle = read.type === 'idle'
    if (read.type === 'end') {
      from.end = read.children ?? []
      from.engine.endPartition(from.input)
      this.#readers.delete(from.reader)
      return
    }
    if (read.type === 'records') this.#process(from, read)
    from.position = read.position
  }

  #process({ engine, input }: StagePartition, records: Records<unknown>): void {
    const rows = rowsOf(records)
    let row = 0
    do {
      row = engine.process(input, records, row)
      for (const output of engine.exchanges) if (output.rows > 0) this.#outbox.add(output.name, output.takeRows())
    } while (row < rows)
    this.#letters.push(...engine.takeDeadLetters())
    this.#bytes += bytesOf(records)
    this.#arrival = Math.max(this.#arrival ?? 0, records.arrival)
    this.#backlog = records.backlog ?? 0
  }

  get #waiting(): number {
    let waiting = Math.ceil(this.#outbox.bytes / 1024) + this.#letters.length
    for (const { engine } of this.#engines.values()) for (const { entries } of engine.exchanges) waiting += entries
    return waiting
  }

  #untilSend(): number {
    if (this.#since === undefined) return Infinity
    if (this.#waiting >= mostWaiting) return 0
    return this.#since + this.#options.sendEveryMs - this.#options.world.elapsed()
  }

  #send(): void {
    this.#maySend = false
    this.#since = undefined
    const moves = [...this.#moved].map(moveOf)
    this.#moved.clear()
    const made: Made = {
      partials: this.#takePartials(),
      frames: this.#outbox.take().map(({ exchange, bytes }) => [exchange, bytes] as const),
      letters: this.#letters.splice(0),
      moves,
      bytes: this.#bytes,
      arrival: this.#arrival,
      backlog: this.#backlog,
      nodes: this.#nodes(),
    }
    this.#bytes = 0
    this.#options.send(made)
  }

  #takePartials(): Made['partials'] {
    const partials: [string, Uint8Array][] = []
    for (const { engine } of this.#engines.values())
      for (const output of engine.exchanges)
        for (const blob of output.takePartials().values()) partials.push([output.name, blob])
    return partials
  }

  #nodes(): Made['nodes'] {
    const sum: Record<string, number> = {}
    for (const { engine } of this.#engines.values())
      for (const [name, count] of Object.entries(engine.stats().nodes)) sum[name] = (sum[name] ?? 0) + count
    return sum
  }
}

function moveOf({ number, position, input, isIdle, end }: StagePartition): Move {
  const { watermark, count } = input
  return { number, position, watermark, count, isIdle, end }
}
