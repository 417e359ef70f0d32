import type { BranchNode, Graph, Node, SplitNode } from '../../../src/topology/node.ts'

/** What came of running a graph the naïve way: one record at a time, one node at a time, through the data that describes it. */
export interface Interpreted {
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  /** Node, message and position of each dead letter. */
  readonly letters: readonly string[]
  /** Records that left each node, by name; zeros left out. */
  readonly left: Readonly<Record<string, number>>
}

type Call = (value: unknown) => unknown

/** Interprets a graph of steps that keep nothing. */
export function interpret(graph: Graph, values: readonly unknown[], nameOf: (node: Node) => string): Interpreted {
  const outputs: Record<string, unknown[]> = Object.fromEntries(graph.sinks.map(({ name }) => [name, []]))
  const letters: string[] = []
  const left: Record<string, number> = {}
  let position = 0

  const readers = (node: Node): readonly Node[] => graph.nodes.filter(({ inputs }) => inputs.includes(node))
  const count = (node: Node): void => void (left[nameOf(node)] = (left[nameOf(node)] ?? 0) + 1)

  function pass(node: Node, value: unknown, to: readonly Node[] = readers(node)): void {
    count(node)
    for (const reader of to) take(reader, value)
  }

  function take(node: Node, value: unknown): void {
    if (node.kind === 'sink') {
      count(node)
      outputs[node.name]?.push(value)
      return
    }
    try {
      const made = node.kind === 'split' ? route(node, value) : apply(node, value)
      for (const one of made) pass(node, one.value, one.to)
    } catch (error) {
      if (node.onError === 'deadLetter') letters.push(`${nameOf(node)} ${(error as Error).message} ${position}`)
    }
  }

  function route(
    node: SplitNode,
    value: unknown,
  ): readonly { readonly value: unknown; readonly to: readonly Node[] }[] {
    const branch = node.branches.findIndex(({ fn }) => (fn as Call)(value))
    const to = readers(node).filter((reader) => (reader as BranchNode).branch === branch)
    return to.length === 0 ? [] : [{ value, to }]
  }

  for (const value of values) {
    for (const source of graph.sources) pass(source, value)
    position++
  }
  return { outputs, letters, left }
}

/** What one step makes of a record: all of it, or it throws. */
function apply(node: Node, value: unknown): readonly { readonly value: unknown; readonly to?: readonly Node[] }[] {
  switch (node.kind) {
    case 'map':
      return [{ value: (node.fn as Call)(value) }]
    case 'filter':
      return (node.fn as Call)(value) ? [{ value }] : []
    case 'flatMap':
      return [...((node.fn as Call)(value) as Iterable<unknown>)].map((item) => ({ value: item }))
    case 'tap':
      ;(node.fn as Call)(value)
      return [{ value }]
    default:
      return [{ value }]
  }
}
