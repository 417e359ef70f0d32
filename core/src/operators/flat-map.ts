import type { FlatMapNode } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** All of it before any of it: a generator that throws half way has given nothing. */
const listOf = (items: Iterable<unknown>): readonly unknown[] => (Array.isArray(items) ? items : [...items])

/** Makes any number of records of one, in order, all with its time. An output that fails further on leaves the others alone. */
export const flatMap: Piece<FlatMapNode> = {
  code(node, at) {
    const items = at.code.fresh('a')
    const i = at.code.fresh('j')
    const item = at.code.fresh('v')
    const each = at.guard((skip) => `const ${item}=${items}[${i}];${at.next(item, { skip })}`)
    return `${at.blame}const ${items}=${at.code.arg(listOf)}(${at.code.arg(node.fn)}(${at.value}));for(let ${i}=0;${i}<${items}.length;${i}++)${each}`
  },
  step({ fn }, { next, blame, guard }) {
    const each = guard(next)
    return (value, time, mark, key) => {
      blame()
      for (const item of listOf(fn(value as never))) each(item, time, mark, key)
    }
  },
}
