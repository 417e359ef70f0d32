import { MillraceError } from '../errors.ts'
import { problemText } from './misuse.ts'
import { stateName } from './names.ts'
import { isStateful, type Graph, type SourceNode, type StatefulNode } from './node.ts'
import { addsUp } from './adds-up.ts'
import { readersOfLetters } from './letter-readers.ts'
import { exchangeGraph, sourceGraph } from './stage-graph.ts'

/** The part of a topology between two exchanges. */
export interface Stage {
  /** Of its source, or of the exchange that it stands behind. */
  readonly name: string
  readonly kind: 'source' | 'exchange'
  /** Its nodes, as a graph that an engine runs. */
  readonly graph: Graph
  /** The only source of the graph; of an exchange one that cannot be read, to be fed by whoever runs it. */
  readonly head: SourceNode
  /** Exchanges that it sends to. */
  readonly sends: readonly string[]
  /** Sinks that it writes to; others may too. */
  readonly sinks: readonly string[]
}

/** What moves records so that all of a key meet in one task. */
export interface ExchangePlan {
  /** State name of the node behind it. */
  readonly name: string
  readonly partitions: number
  /** Stages that send to it. */
  readonly from: readonly string[]
  /** Stages add records up before they send them. */
  readonly partial: boolean
}

/** A topology, cut into stages. */
export interface Plan {
  /** Each behind all that send to it. */
  readonly stages: readonly Stage[]
  readonly exchanges: readonly ExchangePlan[]
}

/** Options of {@link planStages}. */
export interface PlanOptions {
  /** Of each exchange, or of the exchange of this name. What has no key is never divided. */
  readonly partitions: number | ((exchange: string) => number)
  /** False leaves letters of source stages to whoever runs them: nothing of those stages reads them. @default true */
  readonly readsLetters?: boolean
}

/**
 * Cuts a topology at exchanges: each node that keeps state is the head of a stage of its own, so that names stay when
 * steps between are added or moved. Throws BAD_TOPOLOGY when a source has the name of a state.
 */
export function planStages(graph: Graph, { partitions, readsLetters = true }: PlanOptions): Plan {
  checkNames(graph)
  const cut = (target: StatefulNode): Pick<ExchangePlan, 'name' | 'partitions' | 'partial'> => ({
    name: stateName(target),
    partitions: target.kind === 'windowAll' ? 1 : countOf(partitions, stateName(target)),
    partial: addsUp(target),
  })
  const targets = inOrder(graph)
  const stages = [
    ...graph.sources.map((source) => stageOf('source', sourceGraph(graph, source, cut, readsLetters))),
    ...targets.map((target) => stageOf('exchange', exchangeGraph(graph, target, cut))),
  ]
  const exchanges = targets.map((target): ExchangePlan => {
    const from = stages.filter(({ sends }) => sends.includes(stateName(target))).map(({ name }) => name)
    return Object.freeze({ ...cut(target), from })
  })
  return Object.freeze({ stages, exchanges })
}

const countOf = (partitions: PlanOptions['partitions'], exchange: string): number =>
  typeof partitions === 'number' ? partitions : partitions(exchange)

/** Any node may send dead letters to those that stand behind them. */
function inOrder({ nodes }: Graph): readonly StatefulNode[] {
  const readers = readersOfLetters(nodes)
  const stateful = nodes.filter(isStateful)
  return [...stateful.filter((node) => !readers.has(node)), ...stateful.filter((node) => readers.has(node))]
}

function stageOf(kind: Stage['kind'], graph: Graph): Stage {
  const [head] = graph.sources
  if (head === undefined) throw new RangeError('a stage begins at one source')
  const sends = graph.nodes.filter((node) => node.kind === 'send').map(({ name }) => name)
  return Object.freeze({ name: head.name, kind, graph, head, sends, sinks: graph.sinks.map(({ name }) => name) })
}

function checkNames({ nodes, sources }: Graph): void {
  for (const source of sources) {
    const same = nodes.find((node) => isStateful(node) && stateName(node) === source.name)
    if (same === undefined) continue
    const message = `source '${source.name}' and a ${same.kind}() have one name; give the step another { name }`
    throw new MillraceError('BAD_TOPOLOGY', problemText({ message, at: same.at }))
  }
}
