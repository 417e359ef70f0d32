import type { SplitNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Sends each record to the first branch whose predicate is true, or to the rest. */
export const split: Piece<SplitNode> = {
  code({ branches }, at) {
    const tests = branches.map(({ fn }, i) => `if(${at.code.arg(fn)}(${at.value})){${at.branch(i)}}else `)
    return `${at.blame}${tests.join('')}{${at.branch(-1)}}`
  },
  step({ branches }, { branches: steps, blame }) {
    return (value, time, mark, key) => {
      blame()
      const taken = branches.findIndex(({ fn }) => fn(value as never))
      steps.get(taken)?.(value, time, mark, key)
    }
  },
}
