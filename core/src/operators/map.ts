import type { MapNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Makes one record of another. Keeps order, time and watermark. */
export const map: Piece<MapNode> = {
  code(node, at) {
    const made = at.code.fresh('v')
    return `${at.blame}const ${made}=${at.code.arg(node.fn)}(${at.value});${at.next(made)}`
  },
  step({ fn }, { next, blame }) {
    return (value, time, mark, key) => {
      blame()
      next(fn(value as never), time, mark, key)
    }
  },
}
