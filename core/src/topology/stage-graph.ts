import type { Source } from '../connector/source.ts'
import { readersOfLetters } from './letter-readers.ts'
import { nodeName, stateName } from './names.ts'
import { isStateful, type Graph, type Node, type SendNode, type SourceNode, type StatefulNode } from './node.ts'

/** Decides on the exchange in front of a node. */
export type Cut = (target: StatefulNode) => Pick<SendNode, 'name' | 'partitions' | 'partial'>

/** What a source feeds, up to the exchanges. */
export const sourceGraph = (whole: Graph, source: SourceNode, cut: Cut, readsLetters: boolean): Graph =>
  stageGraph(whole, { head: [source], known: new Map([[source, source]]), cut, readsLetters })

/**
 * A node that keeps state, and what stands behind it up to the next exchanges. The `keyBy` in front of it stays, as data:
 * results name the fields of the key.
 */
export function exchangeGraph(whole: Graph, target: StatefulNode, cut: Cut): Graph {
  const head = receiver(whole, target)
  const [input] = target.inputs
  const before = input?.kind === 'keyBy' ? [rebuilt(input, [head])] : []
  const own = rebuilt(target, [before[0] ?? head])
  const readsLetters = !readersOfLetters(whole.nodes).has(target)
  return stageGraph(whole, { head: [head, ...before, own], known: new Map([[target, own]]), cut, readsLetters })
}

interface Start {
  readonly head: readonly Node[]
  /** Nodes of the whole topology that the stage has, as they stand in it. */
  readonly known: Map<Node, Node>
  readonly cut: Cut
  /** Whether letters that are written in this stage may go to those who read them. */
  readonly readsLetters: boolean
}

function stageGraph(whole: Graph, { head, known, cut, readsLetters }: Start): Graph {
  const nodes = [...head]
  for (const node of whole.nodes) {
    if (known.has(node)) continue
    if (node.kind === 'deadLetters' && readsLetters) nodes.push(put(known, node, node))
    const inputs = node.inputs.flatMap((input) => known.get(input) ?? [])
    if (inputs.length === 0) continue
    nodes.push(isStateful(node) ? sender(node, inputs, cut(node)) : put(known, node, rebuilt(node, inputs)))
  }
  return Object.freeze({
    name: whole.name,
    nodes: Object.freeze(nodes),
    sources: Object.freeze(nodes.filter((node) => node.kind === 'source')),
    sinks: Object.freeze(nodes.filter((node) => node.kind === 'sink')),
  })
}

function put(known: Map<Node, Node>, node: Node, as: Node): Node {
  known.set(node, as)
  return as
}

/** The same node with other inputs, from which its name could no longer be told. */
const rebuilt = (node: Node, inputs: readonly Node[]): Node =>
  Object.freeze({ ...node, name: nodeName(node), inputs: Object.freeze(inputs) })

const sender = (target: StatefulNode, inputs: readonly Node[], cut: ReturnType<Cut>): SendNode => {
  const { id, at, onError } = target
  return Object.freeze({ kind: 'send', id, at, onError, inputs: Object.freeze(inputs), target, ...cut })
}

function receiver({ nodes }: Graph, target: StatefulNode): SourceNode {
  const { at, onError } = target
  const name = stateName(target)
  const timing = { outOfOrdernessMs: 0, maxAheadMs: Infinity }
  // The first number that no node has.
  const common = { id: nodes.length, inputs: Object.freeze([]), name, at, onError }
  return Object.freeze({ kind: 'source', ...common, ...timing, source: unread(name), receives: target })
}

/** Stands where whoever runs the stage puts what reads the exchange. */
function unread(exchange: string): Source<unknown> {
  const refuse = (): never => {
    throw new Error(`exchange '${exchange}' has no source of its own: the runtime reads it`)
  }
  return Object.freeze({
    kind: 'exchange',
    description: exchange,
    partitions: refuse,
    resolve: refuse,
    open: refuse,
    compare: refuse,
  })
}
