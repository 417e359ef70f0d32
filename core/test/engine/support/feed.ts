import { Engine, type EngineStats } from '../../../src/engine/engine.ts'
import type { Json } from '../../../src/connector/sink.ts'
import type { Form } from '../../../src/state/code.ts'
import type { DeadLetter } from '../../../src/topology/dead-letter.ts'
import type { Graph } from '../../../src/topology/node.ts'

/** What a schedule does: read some records of a partition, take a checkpoint, or crash back to the last one. */
export type Move = { readonly read: string; readonly records: number } | 'checkpoint' | 'full checkpoint' | 'crash'

/** Records by partition: `source/partition`, or only `partition` of the first source. */
export type Partitions = Readonly<Record<string, readonly unknown[]>>

export interface Fed {
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  readonly deadLetters: readonly DeadLetter[]
  /** Partition and record, in the order in which they were read, without what a crash took back. */
  readonly order: readonly (readonly [partition: string, record: unknown])[]
  /** The reads that gave this, without what a crash took back. */
  readonly reads: readonly Move[]
  /** Of the last life. */
  readonly stats: EngineStats
  /** All of the state at the end, for another engine to go on from. */
  readonly kept: Kept
}

interface Life {
  readonly engine: Engine
  readonly outputs: Record<string, unknown[]>
  readonly deadLetters: DeadLetter[]
  readonly positions: Map<string, number>
  readonly order: (readonly [string, unknown])[]
  readonly reads: Move[]
}

/** What a checkpoint keeps. */
export interface Kept {
  readonly meta: Json | undefined
  readonly blobs: readonly Uint8Array[]
  readonly positions: ReadonlyMap<string, number>
}

/** Before the first checkpoint. */
const nothing: Kept = { meta: undefined, blobs: [], positions: new Map() }

/** Runs partitions by a schedule, and the rest of them after it, as a worker that checkpoints would. */
export function feed(
  graph: Graph,
  partitions: Partitions,
  moves: readonly Move[],
  form: Form,
  from: Kept = nothing,
): Fed {
  const outputs: Record<string, unknown[]> = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
  const deadLetters: DeadLetter[] = []
  const order: (readonly [string, unknown])[] = []
  const reads: Move[] = []
  let kept = from
  let life = start()

  function start(): Life {
    const engine = new Engine(graph, { clock: { now: () => 0 }, form })
    if (kept.meta !== undefined) engine.restore(JSON.parse(JSON.stringify(kept.meta)) as Json, kept.blobs)
    for (const id of Object.keys(partitions)) engine.addPartition(...named(id))
    for (const { name } of graph.sources) engine.setFinal(name)
    return { engine, outputs: {}, deadLetters: [], positions: new Map(kept.positions), order: [], reads: [] }
  }

  function named(id: string): readonly [source: string, partition: string] {
    const [source = '', partition] = id.split('/')
    return partition === undefined ? [graph.sources[0]?.name ?? '', source] : [source, partition]
  }

  function advance(): void {
    for (let done = false; !done;) {
      done = life.engine.advance()
      for (const output of life.engine.outputs)
        (life.outputs[output.sink] ??= []).push(...(output.take()?.values ?? []))
      life.deadLetters.push(...life.engine.takeDeadLetters())
    }
  }

  function read(id: string, records: number): void {
    const first = life.positions.get(id) ?? 0
    const values = (partitions[id] ?? []).slice(first, first + records)
    const partition = life.engine.addPartition(...named(id))
    const meta = { partition: id, arrival: Infinity }
    const positionOf = (row: number): string => String(first + row)
    const batch = { type: 'records', values, arrival: 1e15, position: '', positionOf, metaOf: () => meta } as const
    for (let row = 0; row < values.length; row = life.engine.process(partition, batch, row));
    life.reads.push({ read: id, records })
    life.order.push(...values.map((value) => [id, value] as const))
    life.positions.set(id, first + values.length)
    if (first + values.length >= (partitions[id] ?? []).length) life.engine.endPartition(partition)
    advance()
  }

  function checkpoint(full: boolean): void {
    const { meta, delta } = life.engine.snapshot({ full })
    kept = { meta, blobs: [...(full ? [] : kept.blobs), ...(delta ? [delta] : [])], positions: new Map(life.positions) }
    for (const [sink, values] of Object.entries(life.outputs)) outputs[sink]?.push(...values.splice(0))
    deadLetters.push(...life.deadLetters.splice(0))
    order.push(...life.order.splice(0))
    reads.push(...life.reads.splice(0))
  }

  for (const move of moves) {
    if (move === 'checkpoint' || move === 'full checkpoint') checkpoint(move === 'full checkpoint')
    else if (move === 'crash') life = start()
    else read(move.read, move.records)
  }
  for (const id of Object.keys(partitions)) read(id, Infinity)
  advance()
  checkpoint(false)
  return { outputs, deadLetters, order, reads, stats: life.engine.stats(), kept }
}
