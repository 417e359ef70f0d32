import type { TapNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Shows each record to a function and passes it on. Shown again when it is processed again after a crash. */
export const tap: Piece<TapNode> = {
  code(node, at) {
    return `${at.blame}${at.code.arg(node.fn)}(${at.value});${at.next(at.value)}`
  },
  step({ fn }, { next, blame }) {
    return (value, time, mark, key) => {
      blame()
      fn(value as never)
      next(value, time, mark, key)
    }
  },
}
