import { type Graph, isMillraceError, MillraceError } from '@millrace/core'
import { messageOf } from './error-text.ts'
import type { AnyTopology } from './load-topology.ts'
import type { Params } from './params.ts'
import { userPlace } from './user-place.ts'

/** The graph of a topology. What the user's functions throw on the way becomes BAD_TOPOLOGY, with its place. */
export const buildGraph = (topology: AnyTopology, params: Params): Graph =>
  building(topology, () => topology.graph(params))

/** The plan of a topology; throws as {@link buildGraph} does. */
export const explainTopology = (topology: AnyTopology, params: Params, format: 'text' | 'mermaid'): string =>
  building(topology, () => topology.explain(params, format))

function building<T>({ name }: AnyTopology, build: () => T): T {
  try {
    return build()
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    const place = userPlace(cause)
    const at = place === undefined ? '' : ` (at ${place})`
    throw new MillraceError('BAD_TOPOLOGY', `topology '${name}': describing it threw: ${messageOf(cause)}${at}`, {
      cause,
    })
  }
}
