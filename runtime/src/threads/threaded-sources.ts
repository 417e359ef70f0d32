import { type Graph, stateShapes } from '@millrace/core'
import { planStages, type Stage } from '@millrace/core/engine'

/** A source, and why its records are processed where the sinks are; undefined when other threads can. */
export interface ThreadedSource {
  readonly stage: Stage
  readonly obstacle: string | undefined
}

/**
 * The source stages of a topology. One can run in another thread when all it sends is added up before: then little
 * comes back, and to whom it belongs does not matter.
 */
export function threadedSources(graph: Graph): readonly ThreadedSource[] {
  const { stages, exchanges } = planStages(graph, { partitions: 1, readsLetters: false })
  const whole = new Set(exchanges.filter(({ partial }) => !partial).map(({ name }) => name))
  return stages.filter(({ kind }) => kind === 'source').map((stage) => ({ stage, obstacle: obstacleOf(stage, whole) }))
}

function obstacleOf({ sinks, sends }: Stage, whole: ReadonlySet<string>): string | undefined {
  const [sink] = sinks
  if (sink !== undefined) return `its records go to the sink ${sink} one by one`
  const state = sends.find((name) => whole.has(name))
  if (state !== undefined) return `${state} takes its records one by one: they cannot be added up before`
  return sends.length === 0 ? 'nothing reads it' : undefined
}

/** What two threads compare their topologies by. */
export const topologyMark = (graph: Graph): string =>
  JSON.stringify([
    graph.name,
    graph.sources.map(({ name, source }) => [name, source.kind, source.description]),
    stateShapes(graph),
  ])
