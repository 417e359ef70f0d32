import type { Node } from './node.ts'

/** Nodes that stand behind `deadLetters`, however far. Inputs come before their users, so one walk is enough. */
export function readersOfLetters(nodes: readonly Node[]): ReadonlySet<Node> {
  const readers = new Set<Node>()
  for (const node of nodes) {
    if (node.inputs.some((input) => input.kind === 'deadLetters' || readers.has(input))) readers.add(node)
  }
  return readers
}
