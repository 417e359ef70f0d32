import type { Node, StatefulNode } from './node.ts'

/** What a name of a job, source, sink, step or state looks like, so that it fits a file, a key and a metric label. */
export const isLegalName = (name: unknown): boolean =>
  typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)

/** {@link isLegalName} in words. */
export const legalNames = 'a name has 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first'

/**
 * The name of a node in errors, metrics and dead letters: the one it was given, else the nearest name upstream and the
 * kind, as `clicks.filter`. Only those of nodes that keep state are unique.
 */
export const nodeName = (node: Node): string => node.name ?? `${nearestName(node)}.${node.kind}`

/**
 * The name under which a node keeps its state: its own, else `<nearest named node upstream>.<kind>`. It does not depend
 * on order, place or nameless steps, so that moving code and adding steps loses and swaps no state; two alike are an
 * error, never numbered.
 */
export const stateName = (node: StatefulNode): string => nodeName(node)

/** Nodes are immutable, so what was found once stays true. */
const found = new WeakMap<Node, string>()

/** Of several inputs, the alphabetically first of the nearest names: an order that building does not decide. */
function nearestName(node: Node): string {
  const known = found.get(node)
  if (known !== undefined) return known
  const [first = ''] = node.inputs.map((input) => input.name ?? nearestName(input)).toSorted(byCodeUnit)
  found.set(node, first)
  return first
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
