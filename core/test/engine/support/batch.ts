import type { Records } from '../../../src/connector/source.ts'
import { Engine } from '../../../src/engine/engine.ts'
import type { Form } from '../../../src/state/code.ts'
import type { Graph } from '../../../src/topology/node.ts'

/** Values as a reader would give them. */
export const batch = (values: readonly unknown[], arrival = 1e15): Records<unknown> => ({
  type: 'records',
  values,
  arrival,
  position: String(values.length),
  positionOf: String,
  metaOf: () => ({ partition: 'p', arrival }),
})

export const engineOf = (graph: Graph, form: Form): Engine => new Engine(graph, { clock: { now: () => 5_000 }, form })
