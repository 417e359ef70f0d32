import type { BranchNode, UnionNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Passes records on, of several streams as of one. No order between them. */
export const union: Piece<UnionNode | BranchNode> = {
  code: (_node, at) => at.next(at.value),
  step: (_node, { next }) => next,
}
