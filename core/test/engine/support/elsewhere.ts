import type { ReceivedFrames } from '../../../src/connector/exchange-rows.ts'
import type { Json } from '../../../src/connector/sink.ts'
import type { Records } from '../../../src/connector/source.ts'
import { Engine, type EngineStats, type InputPartition } from '../../../src/engine/engine.ts'
import type { Form } from '../../../src/state/code.ts'
import type { DeadLetter } from '../../../src/topology/dead-letter.ts'
import type { Graph } from '../../../src/topology/node.ts'
import { planStages } from '../../../src/topology/plan.ts'
import type { Partitions } from './feed.ts'

/** What is done next: some records are read elsewhere, what was made of them is absorbed, or all begin again at a checkpoint. */
export type Step = { readonly read: string; readonly records: number } | 'absorb' | 'checkpoint' | 'crash'

interface Kept {
  readonly meta: Json | undefined
  readonly blobs: readonly Uint8Array[]
  readonly positions: ReadonlyMap<string, number>
}

/** Source stages that another engine runs, of sources whose stages send only what is added up. */
class Elsewhere {
  readonly engines: ReadonlyMap<string, Engine>
  readonly positions: Map<string, number>
  readonly #inputs = new Map<string, InputPartition>()

  constructor(graph: Graph, form: Form, positions: ReadonlyMap<string, number>) {
    const { stages, exchanges } = planStages(graph, { partitions: 1, readsLetters: false })
    const whole = exchanges.filter(({ partial }) => !partial).map(({ name }) => name)
    const able = stages.filter(
      ({ kind, sinks, sends }) =>
        kind === 'source' && sinks.length === 0 && !sends.some((name) => whole.includes(name)),
    )
    this.engines = new Map(
      able.map(({ name, graph: stage }) => [name, new Engine(stage, { clock: { now: () => 0 }, form })]),
    )
    this.positions = new Map(positions)
  }

  /** Where a partition stands is told once, as to another thread. */
  input(id: string, { source, id: name, watermark, count }: InputPartition): readonly [Engine, InputPartition] {
    const engine = this.engines.get(source) as Engine
    let input = this.#inputs.get(id)
    if (input === undefined) {
      input = engine.addPartition(source, name)
      engine.absorb({ exchanges: [], letters: [], partitions: [{ partition: input, watermark, count }] })
      this.#inputs.set(id, input)
    }
    return [engine, input]
  }

  /** Takes all that was made, for another engine to absorb. */
  giveTo(engine: Engine): void {
    const exchanges: [string, ReceivedFrames][] = []
    const letters: DeadLetter[] = []
    for (const own of this.engines.values()) {
      letters.push(...own.takeDeadLetters())
      for (const output of own.exchanges) {
        for (const rows of output.takeRows().values())
          exchanges.push([output.name, { rows: [rows], watermark: undefined }])
        for (const blob of output.takePartials().values())
          exchanges.push([output.name, { partials: [blob], watermark: undefined }])
      }
    }
    const partitions = [...this.#inputs.values()].map(({ source, id, watermark, count }) => ({
      partition: engine.addPartition(source, id),
      watermark,
      count,
    }))
    engine.absorb({ exchanges, letters, partitions })
  }
}

/** Runs a topology as `feed` does, with its source stages in engines of their own where that can be. */
export function feedElsewhere(
  graph: Graph,
  partitions: Partitions,
  steps: readonly Step[],
  form: Form,
): {
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  readonly deadLetters: readonly DeadLetter[]
  readonly stats: readonly EngineStats[]
} {
  const visible: Record<string, unknown[]> = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
  const deadLetters: DeadLetter[] = []
  let kept: Kept = { meta: undefined, blobs: [], positions: new Map() }
  let pending: { outputs: Record<string, unknown[]>; letters: DeadLetter[] }
  let engine: Engine
  let elsewhere: Elsewhere
  /** Up to where the engine has absorbed. */
  let absorbed: Map<string, number>
  begin()

  function begin(): void {
    engine = new Engine(graph, { clock: { now: () => 0 }, form })
    if (kept.meta !== undefined) engine.restore(JSON.parse(JSON.stringify(kept.meta)) as Json, kept.blobs)
    for (const id of Object.keys(partitions)) partitionOf(id)
    for (const { name } of graph.sources) engine.setFinal(name)
    elsewhere = new Elsewhere(graph, form, kept.positions)
    absorbed = new Map(kept.positions)
    pending = { outputs: {}, letters: [] }
  }

  function partitionOf(id: string): InputPartition {
    const [source = '', name = ''] = id.split('/')
    return engine.addPartition(source, name)
  }

  function read(id: string, records: number): void {
    const partition = partitionOf(id)
    const isElsewhere = elsewhere.engines.has(partition.source)
    const first = elsewhere.positions.get(id) ?? 0
    const values = (partitions[id] ?? []).slice(first, first + records)
    const batch = recordsOf(id, values, first)
    const [by, input] = isElsewhere ? elsewhere.input(id, partition) : ([engine, partition] as const)
    for (let row = 0; row < values.length; row = by.process(input, batch, row));
    elsewhere.positions.set(id, first + values.length)
    if (isElsewhere) return
    absorbed.set(id, first + values.length)
    advance()
  }

  function absorb(): void {
    elsewhere.giveTo(engine)
    absorbed = new Map(elsewhere.positions)
    for (const [id, position] of absorbed)
      if (position >= (partitions[id] ?? []).length) engine.endPartition(partitionOf(id))
    advance()
  }

  function advance(): void {
    for (let done = false; !done;) {
      done = engine.advance()
      for (const output of engine.outputs) (pending.outputs[output.sink] ??= []).push(...(output.take()?.values ?? []))
      pending.letters.push(...engine.takeDeadLetters())
    }
  }

  function checkpoint(): void {
    const { meta, delta } = engine.snapshot()
    kept = { meta, blobs: [...kept.blobs, ...(delta ? [delta] : [])], positions: new Map(absorbed) }
    for (const [sink, values] of Object.entries(pending.outputs)) visible[sink]?.push(...values.splice(0))
    deadLetters.push(...pending.letters.splice(0))
  }

  for (const step of steps) {
    if (step === 'absorb') absorb()
    else if (step === 'checkpoint') checkpoint()
    else if (step === 'crash') begin()
    else read(step.read, step.records)
  }
  for (const id of Object.keys(partitions)) read(id, Infinity)
  absorb()
  checkpoint()
  return {
    outputs: visible,
    deadLetters,
    stats: [engine!, ...elsewhere!.engines.values()].map((each) => each.stats()),
  }
}

function recordsOf(id: string, values: readonly unknown[], first: number): Records<unknown> {
  const meta = { partition: id, arrival: Infinity }
  const positionOf = (row: number): string => String(first + row)
  return { type: 'records', values, arrival: 1e15, position: '', positionOf, metaOf: () => meta }
}
