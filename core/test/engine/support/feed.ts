import { Engine } from '../../../src/engine/engine.ts'
import type { Json } from '../../../src/connector/sink.ts'
import type { Form } from '../../../src/state/code.ts'
import type { DeadLetter } from '../../../src/topology/dead-letter.ts'
import type { Graph } from '../../../src/topology/node.ts'

/** What a schedule does: read some records of a partition, take a checkpoint, or crash back to the last one. */
export type Move = { readonly read: string; readonly records: number } | 'checkpoint' | 'crash'

export interface Fed {
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  readonly deadLetters: readonly DeadLetter[]
}

interface Life {
  readonly engine: Engine
  readonly outputs: Record<string, unknown[]>
  readonly deadLetters: DeadLetter[]
  readonly positions: Map<string, number>
}

interface Kept {
  readonly meta: Json | undefined
  readonly blobs: readonly Uint8Array[]
  readonly positions: ReadonlyMap<string, number>
}

/** Runs the partitions of one source by a schedule, and the rest of them after it, as a worker that checkpoints would. */
export function feed(graph: Graph, partitions: Readonly<Record<string, readonly unknown[]>>, moves: readonly Move[], form: Form): Fed {
  const source = graph.sources[0]?.name ?? ''
  const outputs: Record<string, unknown[]> = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
  const deadLetters: DeadLetter[] = []
  let kept: Kept = { meta: undefined, blobs: [], positions: new Map() }
  let life = start()

  function start(): Life {
    const engine = new Engine(graph, { clock: { now: () => 0 }, form })
    if (kept.meta !== undefined) engine.restore(kept.meta, kept.blobs)
    for (const id of Object.keys(partitions)) engine.addPartition(source, id)
    engine.setFinal(source)
    return { engine, outputs: {}, deadLetters: [], positions: new Map(kept.positions) }
  }

  function advance(): void {
    for (let done = false; !done; ) {
      done = life.engine.advance()
      for (const output of life.engine.outputs) (life.outputs[output.sink] ??= []).push(...(output.take()?.values ?? []))
      life.deadLetters.push(...life.engine.takeDeadLetters())
    }
  }

  function read(id: string, records: number): void {
    const from = life.positions.get(id) ?? 0
    const values = (partitions[id] ?? []).slice(from, from + records)
    const partition = life.engine.addPartition(source, id)
    const meta = { partition: id, arrival: Infinity }
    const positionOf = (row: number): string => String(from + row)
    if (values.length > 0) life.engine.process(partition, { type: 'records', values, arrival: 1e15, position: '', positionOf, metaOf: () => meta })
    life.positions.set(id, from + values.length)
    if (from + values.length >= (partitions[id] ?? []).length) life.engine.endPartition(partition)
    advance()
  }

  function checkpoint(): void {
    const { meta, delta } = life.engine.snapshot()
    kept = { meta, blobs: delta ? [...kept.blobs, delta] : kept.blobs, positions: new Map(life.positions) }
    for (const [sink, values] of Object.entries(life.outputs)) outputs[sink]?.push(...values.splice(0))
    deadLetters.push(...life.deadLetters.splice(0))
  }

  for (const move of moves) {
    if (move === 'checkpoint') checkpoint()
    else if (move === 'crash') life = start()
    else read(move.read, move.records)
  }
  for (const id of Object.keys(partitions)) read(id, Infinity)
  advance()
  checkpoint()
  return { outputs, deadLetters }
}
