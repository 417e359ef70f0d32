import { expect } from 'vitest'
import type { ExchangeRows } from '../../../src/connector/exchange-rows.ts'
import type { Json } from '../../../src/connector/sink.ts'
import type { Records } from '../../../src/connector/source.ts'
import { Engine, type EngineStats, type InputPartition } from '../../../src/engine/engine.ts'
import type { Form } from '../../../src/state/code.ts'
import type { DeadLetter } from '../../../src/topology/dead-letter.ts'
import type { Graph } from '../../../src/topology/node.ts'
import { planStages, type Plan, type Stage } from '../../../src/topology/plan.ts'
import type { Partitions } from './feed.ts'

/** What one task of a cluster does next, or all in turn. */
export interface Turn {
  /** Modulo the number of tasks. */
  readonly task: number | 'all'
  readonly does: 'work' | 'checkpoint' | 'crash'
  /** Records of a source or entries of an exchange that are read. */
  readonly amount: number
}

/** How a topology is run by a {@link cluster}. */
export interface ClusterOptions {
  readonly form: Form
  /** Partitions of each exchange. */
  readonly exchangePartitions: number
  /** False sends every record as it is. @default true */
  readonly partial?: boolean
}

/** What became visible, of all tasks together. */
export interface Clustered {
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  readonly deadLetters: readonly DeadLetter[]
  /** One a task. */
  readonly stats: readonly EngineStats[]
}

/** What one checkpoint has published to one partition of an exchange. */
interface Frame {
  readonly rows?: ExchangeRows
  readonly partial?: Uint8Array
}

/** What tasks share, as a backplane would keep it. */
class Shared {
  readonly #frames = new Map<string, Frame[]>()
  /** Watermarks of those that send to each exchange and have not ended. */
  readonly #lines = new Map<string, Map<string, number>>()
  readonly outputs: Record<string, unknown[]>
  readonly deadLetters: DeadLetter[] = []

  constructor(graph: Graph) {
    this.outputs = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
  }

  framesOf(exchange: string, partition: number): Frame[] {
    const id = `${exchange}/${partition}`
    const frames = this.#frames.get(id) ?? []
    this.#frames.set(id, frames)
    return frames
  }

  linesOf(exchange: string): Map<string, number> {
    const lines = this.#lines.get(exchange) ?? new Map<string, number>()
    this.#lines.set(exchange, lines)
    return lines
  }

  watermarkOf(exchange: string): number {
    return Math.min(...this.linesOf(exchange).values())
  }
}

/** What a checkpoint of a task keeps. */
interface Kept {
  readonly meta: Json | undefined
  readonly blobs: readonly Uint8Array[]
  readonly position: number
  readonly ended: boolean
}

interface Outgoing {
  readonly exchange: string
  readonly partition: number
  readonly frame: Frame
}

/** One stage on one partition, with checkpoints that publish all or nothing. */
class StageTask {
  readonly name: string
  readonly #stage: Stage
  readonly #partition: string
  readonly #values: readonly unknown[]
  readonly #form: Form
  readonly #shared: Shared
  #kept: Kept = { meta: undefined, blobs: [], position: 0, ended: false }
  #engine!: Engine
  #input!: InputPartition
  #position = 0
  #outputs: Record<string, unknown[]> = {}
  #letters: DeadLetter[] = []
  #outgoing: Outgoing[] = []

  constructor(stage: Stage, partition: string, values: readonly unknown[], form: Form, shared: Shared) {
    this.name = `${stage.name}/${partition}`
    this.#stage = stage
    this.#partition = partition
    this.#values = values
    this.#form = form
    this.#shared = shared
    for (const exchange of stage.sends) shared.linesOf(exchange).set(this.name, -Infinity)
    this.crash()
  }

  get isDone(): boolean {
    return this.#kept.ended
  }

  get stats(): EngineStats {
    return this.#engine.stats()
  }

  crash(): void {
    this.#engine = new Engine(this.#stage.graph, { clock: { now: () => 0 }, form: this.#form })
    const { meta, blobs, position } = this.#kept
    if (meta !== undefined) this.#engine.restore(JSON.parse(JSON.stringify(meta)) as Json, blobs)
    this.#input = this.#engine.addPartition(this.#stage.name, this.#partition)
    this.#engine.setFinal(this.#stage.name)
    this.#position = position
    this.#outputs = {}
    this.#letters = []
    this.#outgoing = []
  }

  work(amount: number): void {
    if (this.#input.ended) return
    if (this.#stage.kind === 'source') this.#readSource(amount)
    else this.#readExchange(amount)
    this.#advance()
  }

  #readSource(amount: number): void {
    const first = this.#position
    const values = this.#values.slice(first, first + amount)
    this.#process({ values, positionOf: (row) => String(first + row) }, values.length)
    this.#position += values.length
    if (this.#position >= this.#values.length) this.#engine.endPartition(this.#input)
  }

  #readExchange(amount: number): void {
    const { name } = this.#stage
    const all = this.#shared.framesOf(name, Number(this.#partition))
    const frames = all.slice(this.#position, this.#position + amount)
    this.#position += frames.length
    const watermark = this.#position === all.length ? this.#shared.watermarkOf(name) : undefined
    const rows = frames.flatMap((frame) => frame.rows ?? [])
    const partials = frames.flatMap((frame) => frame.partial ?? [])
    const total = rows.reduce((sum, { length }) => sum + length, 0)
    this.#process({ exchange: { rows, partials, watermark } }, total)
    if (watermark === Infinity) this.#engine.endPartition(this.#input)
  }

  #process(
    part: Pick<Records<unknown>, 'values' | 'exchange'> & { positionOf?: (row: number) => string },
    rows: number,
  ) {
    const meta = { partition: this.#partition, arrival: Infinity }
    const records = {
      type: 'records',
      arrival: 1e15,
      position: '',
      positionOf: String,
      metaOf: () => meta,
      ...part,
    } as const
    let row = 0
    do {
      row = this.#engine.process(this.#input, records, row)
      this.#drain()
    } while (row < rows)
  }

  #advance(): void {
    for (let done = false; !done;) {
      done = this.#engine.advance()
      this.#drain()
    }
  }

  #drain(): void {
    for (const output of this.#engine.outputs)
      (this.#outputs[output.sink] ??= []).push(...(output.take()?.values ?? []))
    this.#letters.push(...this.#engine.takeDeadLetters())
    for (const output of this.#engine.exchanges) {
      const taken = output.rows > 0 ? output.takeRows() : new Map<number, ExchangeRows>()
      for (const [partition, rows] of taken) this.#outgoing.push({ exchange: output.name, partition, frame: { rows } })
      expect(output.rows).toBe(0)
    }
  }

  checkpoint(): void {
    for (const { name: exchange, takePartials, entries, ...output } of this.#engine.exchanges.map(bound)) {
      const taken = takePartials()
      expect(taken.size > 0).toBe(entries > 0)
      for (const [partition, partial] of taken) this.#outgoing.push({ exchange, partition, frame: { partial } })
      expect(output.partitions).toBeGreaterThan(Math.max(-1, ...taken.keys()))
    }
    const { meta, delta } = this.#engine.snapshot()
    const blobs = [...this.#kept.blobs, ...(delta ? [delta] : [])]
    this.#kept = { meta, blobs, position: this.#position, ended: this.#input.ended }
    this.#publish()
  }

  #publish(): void {
    for (const { exchange, partition, frame } of this.#outgoing.splice(0))
      this.#shared.framesOf(exchange, partition).push(frame)
    for (const [sink, values] of Object.entries(this.#outputs)) this.#shared.outputs[sink]?.push(...values.splice(0))
    this.#shared.deadLetters.push(...this.#letters.splice(0))
    for (const exchange of this.#stage.sends) {
      const lines = this.#shared.linesOf(exchange)
      if (this.#input.ended) lines.delete(this.name)
      else lines.set(this.name, this.#input.watermark)
    }
  }
}

const bound = (output: Engine['exchanges'][number]) => ({
  name: output.name,
  partitions: output.partitions,
  entries: output.entries,
  takePartials: () => output.takePartials(),
})

/** Runs a topology as many tasks, each stage on each partition, by the turns and then to the end. */
export function cluster(
  graph: Graph,
  partitions: Partitions,
  turns: readonly Turn[],
  { form, exchangePartitions, partial = true }: ClusterOptions,
): Clustered {
  const plan = planStages(graph, { partitions: exchangePartitions })
  const shared = new Shared(graph)
  const tasks = plan.stages.flatMap((stage) => tasksOf(stage, plan, partitions, partial, form, shared))
  for (const { task, does, amount } of turns) {
    for (const chosen of task === 'all' ? tasks : tasks.slice(task % tasks.length).slice(0, 1)) {
      if (does === 'work') chosen.work(amount)
      else chosen[does]()
    }
  }
  for (const task of tasks) {
    while (!task.isDone) {
      task.work(Infinity)
      task.checkpoint()
    }
  }
  return { outputs: shared.outputs, deadLetters: shared.deadLetters, stats: tasks.map(({ stats }) => stats) }
}

function tasksOf(
  stage: Stage,
  plan: Plan,
  partitions: Partitions,
  partial: boolean,
  form: Form,
  shared: Shared,
): StageTask[] {
  const own = partial ? stage : { ...stage, graph: withoutPartials(stage.graph) }
  if (stage.kind === 'source') {
    const ids = Object.entries(partitions).map(([id, values]) => [...named(id, plan), values] as const)
    const read = ids.filter(([source]) => source === stage.name)
    return read.map(([, id, values]) => new StageTask(own, id, values, form, shared))
  }
  const count = plan.exchanges.find(({ name }) => name === stage.name)?.partitions ?? 0
  return Array.from({ length: count }, (_, i) => new StageTask(own, String(i), [], form, shared))
}

function named(id: string, { stages }: Plan): readonly [source: string, partition: string] {
  const [source = '', partition] = id.split('/')
  return partition === undefined ? [stages[0]?.name ?? '', source] : [source, partition]
}

const withoutPartials = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => (node.kind === 'send' ? { ...node, partial: false } : node)),
})
