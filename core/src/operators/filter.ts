import type { FilterNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Keeps the records for which the predicate is true. Keeps order, time and watermark. */
export const filter: Piece<FilterNode> = {
  code(node, at) {
    return `${at.blame}if(!${at.code.arg(node.fn)}(${at.value}))${at.skip};${at.next(at.value)}`
  },
  step({ fn }, { next, blame }) {
    return (value, time, mark, key) => {
      blame()
      if (fn(value as never)) next(value, time, mark, key)
    }
  },
}
