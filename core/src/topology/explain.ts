import { describeNode, exchangeBefore } from './describe.ts'
import type { Graph, Node } from './node.ts'

/** `text` is a tree for a terminal, `mermaid` a flowchart for a page. */
export type ExplainFormat = 'text' | 'mermaid'

/** The plan of a topology: its nodes, keys, windows and states, and where records move between tasks. Without secrets. */
export const explain = (graph: Graph, format: ExplainFormat): string =>
  format === 'mermaid' ? mermaid(graph) : text(graph)

function text(graph: Graph): string {
  const roots = graph.nodes.filter(({ inputs }) => inputs.length === 0)
  const trees = roots.map((root) => branchLines(root, graph).join('\n'))
  const unread = graph.nodes.some(({ kind }) => kind === 'deadLetters') ? [] : ['dead letters: kept by the backplane']
  return [`topology ${graph.name}`, ...trees, ...unread].join('\n\n')
}

/** A node and all behind it. A chain stays on one margin; where it forks, each fork gets a margin of its own. */
function branchLines(node: Node, graph: Graph): string[] {
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(node))
  const [only] = readers
  const forks =
    readers.length > 1
      ? readers.flatMap((reader, i) => forked(edgeLines(node, reader, graph), i === readers.length - 1))
      : []
  return [describeNode(node), ...(readers.length === 1 && only ? edgeLines(node, only, graph) : forks)]
}

const forked = (lines: readonly string[], isLast: boolean): string[] =>
  lines.map((line, i) => `${i === 0 ? (isLast ? '└─ ' : '├─ ') : isLast ? '   ' : '│  '}${line}`)

/** What is behind `from` by way of `to`. A node with several inputs is drawn behind the first, the others refer to it. */
function edgeLines(from: Node, to: Node, graph: Graph): string[] {
  if (to.inputs[0] !== from) return [`→ ${describeNode(to)}`]
  const exchange = exchangeBefore(to)
  return [...(exchange === undefined ? [] : [`⇄ ${exchange}`]), ...branchLines(to, graph)]
}

function mermaid(graph: Graph): string {
  const boxes = graph.nodes.map((node) => `  n${node.id}${box(node)}`)
  const edges = graph.nodes.flatMap((node) => node.inputs.map((input) => `  n${input.id} ${arrow(node)} n${node.id}`))
  return ['flowchart TD', ...boxes, ...edges].join('\n')
}

function box(node: Node): string {
  const label = `"${escaped(describeNode(node))}"`
  if (node.kind === 'source' || node.kind === 'deadLetters') return `([${label}])`
  return node.kind === 'sink' ? `[(${label})]` : `[${label}]`
}

function arrow(node: Node): string {
  const exchange = exchangeBefore(node)
  return exchange === undefined ? '-->' : `==>|"${escaped(exchange)}"|`
}

/** Mermaid's own entities, so that no text of a connector ends a label or becomes markup. */
const escaped = (label: string): string => label.replace(/["<>#&`\\]/g, (sign) => `#${sign.charCodeAt(0)};`)
