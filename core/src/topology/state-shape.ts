import type { Aggregate } from '../aggregates/aggregate.ts'
import type { WindowSpec } from '../windows/window-spec.ts'
import { stateName } from './names.ts'
import { isStateful, type Graph, type Selector, type StatefulNode, type WindowOutput } from './node.ts'

/** What a state is keyed by; two functions cannot be told apart. */
export type KeyShape =
  | { readonly by: 'field'; readonly field: string }
  | { readonly by: 'fields'; readonly fields: readonly string[] }
  | { readonly by: 'function' }
  | { readonly by: 'all' }

/** All that stored state must agree on with the topology that reads it. Plain JSON, stored with every checkpoint. */
export interface StateShape {
  readonly name: string
  readonly kind: StatefulNode['kind']
  readonly key: KeyShape
  readonly window: WindowSpec | null
  /** What is stored, by name of the result or slot, as kind and version: `{ views: 'count@1' }`. */
  readonly codecs: { readonly [name: string]: string }
  readonly previousName: string | null
}

/** The shapes of all states of a topology, by name. */
export const stateShapes = (graph: Graph): StateShape[] =>
  graph.nodes
    .filter(isStateful)
    .map(shapeOf)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** What became of one state between two versions of a topology. */
export interface StateChange {
  readonly name: string
  /** `renamed` carries the state of {@link StateChange.from} on; `gone` and `changed` must be settled before a start. */
  readonly change: 'same' | 'new' | 'gone' | 'changed' | 'renamed'
  /** Name it is stored under, where that differs. */
  readonly from?: string
  /** Of `changed`: what differs, before and now. */
  readonly differences?: readonly string[]
}

/** Compares stored states with those of the topology that is to go on with them. */
export function compareState(stored: readonly StateShape[], now: readonly StateShape[]): StateChange[] {
  const byName = new Map(stored.map((shape) => [shape.name, shape]))
  const changes = now.map((shape) => changeOf(shape, byName))
  const taken = new Set(changes.map(({ name, from = name }) => from))
  const gone = stored.filter(({ name }) => !taken.has(name))
  return [...changes, ...gone.map(({ name }) => ({ name, change: 'gone' }) as const)]
}

/** State under the present name comes first: `previousName` may stay in the code after it has done its work. */
function changeOf(now: StateShape, stored: ReadonlyMap<string, StateShape>): StateChange {
  const { name, previousName } = now
  const own = stored.get(name)
  const before = own ?? (previousName === null ? undefined : stored.get(previousName))
  if (before === undefined) return { name, change: 'new' }
  const from = own === undefined ? { from: before.name } : {}
  const differences = differencesOf(before, now)
  if (differences.length > 0) return { name, change: 'changed', ...from, differences }
  return { name, change: own === undefined ? 'renamed' : 'same', ...from }
}

const compared = ['kind', 'key', 'window', 'codecs'] as const

function differencesOf(before: StateShape, now: StateShape): string[] {
  return compared
    .map((part) => ({ part, was: canonical(before[part]), is: canonical(now[part]) }))
    .filter(({ was, is }) => was !== is)
    .map(({ part, was, is }) => `${part}: ${was} → ${is}`)
}

/** JSON with sorted names, so that the order in which a topology names its results does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function shapeOf(node: StatefulNode): StateShape {
  const { previousName = null } = node.state
  return { name: stateName(node), kind: node.kind, key: keyOf(node), ...storedIn(node), previousName }
}

function keyOf(node: StatefulNode): KeyShape {
  const [input] = node.inputs
  const by =
    node.kind === 'dedupe' ? node.by : node.kind !== 'windowAll' && input?.kind === 'keyBy' ? input.by : undefined
  return by === undefined ? { by: 'all' } : keyShape(by)
}

function keyShape(by: Selector): KeyShape {
  if (typeof by === 'function') return { by: 'function' }
  return typeof by === 'string' ? { by: 'field', field: by } : { by: 'fields', fields: by }
}

function storedIn(node: StatefulNode): Pick<StateShape, 'window' | 'codecs'> {
  if (node.kind === 'dedupe') return { window: null, codecs: { seen: 'keys@1' } }
  if (node.kind === 'reduce') return { window: null, codecs: { value: 'value@1' } }
  if (node.kind === 'process') return { window: null, codecs: codecs(node.slots) }
  return { window: node.spec, codecs: outputCodecs(node.output) }
}

function outputCodecs(output: WindowOutput): StateShape['codecs'] {
  return output.kind === 'aggregate' ? codecs(output.aggregates) : { value: `${output.kind}@1` }
}

const codecs = (slots: {
  readonly [name: string]: Pick<Aggregate<never, unknown>, 'kind' | 'version'>
}): StateShape['codecs'] =>
  Object.fromEntries(Object.entries(slots).map(([name, { kind, version }]) => [name, `${kind}@${version}`]))
