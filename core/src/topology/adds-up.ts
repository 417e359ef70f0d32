import type { Node, StatefulNode, WindowNode } from './node.ts'

/**
 * Whether records may be added up before they are sent to a node: where it makes them fewer, and where no record that a
 * stage adds up can come too late as the node behind sees it, since what was added up cannot be told apart again. With
 * sources that may be passed by, and for dead letters, which keep no order of time, that can happen.
 */
export const addsUp = (target: StatefulNode): boolean =>
  (target.kind === 'window' || target.kind === 'windowAll') &&
  target.spec.kind !== 'session' &&
  target.early === undefined &&
  makesFewer(target) &&
  !somewhereBefore(target, isUntimely)

/** What keeps every record is as large as the records. */
const makesFewer = ({ output }: WindowNode): boolean =>
  output.kind === 'reduce' ||
  (output.kind === 'aggregate' && Object.values(output.aggregates).every(({ kind }) => kind !== 'collect'))

const isUntimely = (node: Node): boolean =>
  node.kind === 'deadLetters' || (node.kind === 'source' && node.idleAfterMs !== undefined)

function somewhereBefore(node: Node, is: (node: Node) => boolean, seen: Set<Node> = new Set()): boolean {
  if (seen.has(node)) return false
  seen.add(node)
  return is(node) || node.inputs.some((input) => somewhereBefore(input, is, seen))
}
