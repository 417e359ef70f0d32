import { keyFields } from './key.ts'
import type { TopologyProblem } from './misuse.ts'
import { isLegalName, legalNames, nodeName, stateName } from './names.ts'
import { isStateful, type Graph, type Node, type StatefulNode } from './node.ts'

/** Names that sources and sinks cannot have: the topology itself gives them away. */
const reserved = ['deadLetters']

/** Everything that keeps a topology from running, each problem with its place; empty when there is none. */
export function validate(graph: Graph): TopologyProblem[] {
  return [
    ...emptiness(graph),
    ...names(graph),
    ...unread(graph),
    ...states(graph.nodes.filter(isStateful)),
    ...graph.nodes.flatMap(resultNames),
  ]
}

function* emptiness({ sources, sinks }: Graph): Iterable<TopologyProblem> {
  if (sources.length === 0) yield { message: 'there is no source: name one in sources()', at: '' }
  if (sinks.length === 0)
    yield { message: 'there is no sink: end a stream with .to(sink) and return it from build()', at: '' }
  for (const { name, inputs, at } of sinks) {
    if (inputs.length === 0) yield { message: `sink '${name}' has no input`, at }
  }
}

function* names(graph: Graph): Iterable<TopologyProblem> {
  if (!isLegalName(graph.name)) yield { message: `job ${JSON.stringify(graph.name)}: ${legalNames}`, at: '' }
  for (const { kind, name, at } of graph.nodes) {
    if (name === undefined || kind === 'deadLetters') continue
    if (!isLegalName(name)) yield { message: `${kind} ${JSON.stringify(name)}: ${legalNames}`, at }
    else if (isEnd(kind) && reserved.includes(name))
      yield { message: `${kind} '${name}': the name is taken by Millrace; choose another`, at }
  }
}

const isEnd = (kind: Node['kind']): boolean => kind === 'source' || kind === 'sink'

function* unread({ nodes, sinks }: Graph): Iterable<TopologyProblem> {
  const read = readBySinks(sinks)
  const unreadNodes = nodes.filter((node) => !read.has(node))
  // The last node of an unread chain stands for all of it.
  const inner = new Set(unreadNodes.filter(({ kind }) => kind !== 'late').flatMap(({ inputs }) => inputs))
  for (const node of unreadNodes) if (!inner.has(node)) yield { message: unreadMessage(node), at: node.at }
}

/** Nodes whose records reach a sink. Who reads only what came late does not read the window's results. */
function readBySinks(sinks: readonly Node[]): Set<Node> {
  const read = new Set<Node>()
  const walked = new Set<Node>()
  const walk = (node: Node, isRead: boolean): void => {
    if (isRead) read.add(node)
    if (walked.has(node)) return
    walked.add(node)
    for (const input of node.inputs) walk(input, node.kind !== 'late')
  }
  for (const sink of sinks) walk(sink, true)
  return read
}

function unreadMessage(node: Node): string {
  const cure = 'end it with .to(sink) and return that from build(), or remove it'
  if (node.kind === 'source') return `source '${node.name}' is read by no sink: ${cure}`
  if (node.kind === 'branch')
    return `branch '${nodeName(node)}' of split() is read by no sink: ${cure}; 'rest' may stay unread`
  if (node.kind === 'keyBy')
    return `the result of keyBy() is not used: call window(), reduce() or process() and their results .to(sink)`
  return `the result of ${node.kind}() '${nodeName(node)}' is read by no sink: ${cure}`
}

function* states(nodes: readonly StatefulNode[]): Iterable<TopologyProblem> {
  const owners = new Map<string, StatefulNode>()
  for (const node of nodes) {
    const name = stateName(node)
    const first = owners.get(name)
    if (first !== undefined) yield { message: `${alike(name)}: ${placeOf(first)} and ${placeOf(node)}`, at: '' }
    else owners.set(name, node)
    if (node.name === undefined && !isLegalName(name))
      yield { message: `state '${name}': give the step a name; ${legalNames}`, at: node.at }
  }
  yield* previousNames(nodes, owners)
}

const alike = (name: string): string => `two states are called '${name}'; give one of these steps a { name }`

const placeOf = ({ kind, at }: Node): string => `${kind}()${at === '' ? '' : ` at ${at}`}`

function* previousNames(nodes: readonly StatefulNode[], owners: ReadonlyMap<string, Node>): Iterable<TopologyProblem> {
  const heirs = new Set<string>()
  for (const node of nodes) {
    const { previousName } = node.state
    if (previousName === undefined) continue
    const owner = owners.get(previousName)
    if (owner !== undefined)
      yield {
        message: `previousName '${previousName}' is the present name of ${owner === node ? 'this' : 'another'} state`,
        at: node.at,
      }
    if (heirs.has(previousName))
      yield { message: `previousName '${previousName}' is claimed by two states`, at: node.at }
    heirs.add(previousName)
  }
}

function resultNames(node: Node): TopologyProblem[] {
  const [input] = node.inputs
  const key = input?.kind === 'keyBy' ? keyFields(input.by) : []
  const own = ownResults(node)
  const names = [...key, ...own.fixed, ...own.chosen]
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  return twice.map((name) => ({ message: clash(name, key.includes(name), own.chosen.includes(name)), at: node.at }))
}

function clash(name: string, isKey: boolean, isChosen: boolean): string {
  if (!isChosen)
    return `the key's field '${name}' would be overwritten by the result's own; key by a field of another name`
  return `the result '${name}' has the name of ${isKey ? 'a field of the key' : "the window's own field"}; choose another name`
}

/** Fields of what a node emits, beside those of the key: given by its kind, and chosen by the user. */
function ownResults(node: Node): { readonly fixed: readonly string[]; readonly chosen: readonly string[] } {
  if (node.kind === 'reduce') return { fixed: ['value'], chosen: [] }
  if (node.kind !== 'window' && node.kind !== 'windowAll') return { fixed: [], chosen: [] }
  const { output } = node
  if (output.kind === 'aggregate') return { fixed: ['start', 'end'], chosen: Object.keys(output.aggregates) }
  return { fixed: output.kind === 'reduce' ? ['start', 'end', 'value'] : ['start', 'end'], chosen: [] }
}
