import type { Code } from '../state/code.ts'
import { checkKey, selectKey, type Key } from '../state/key.ts'
import type { KeyByNode, Selector } from '../topology/node.ts'
import type { Piece } from './piece.ts'

/** Statements that read the key of the record in `value` into a new variable, and throw when it is none. */
export function keySource(code: Code, by: Selector, value: string): { readonly key: string; readonly source: string } {
  const key = code.fresh('k')
  const read = typeof by === 'string' ? `${value}[${code.arg(by)}]` : `${code.arg(selectKey(by))}(${value})`
  return { key, source: `let ${key}=${read};if(typeof ${key}!=='string')${key}=${code.arg(checkKey)}(${key});` }
}

/** A function that reads the key of a record, and throws when it is none. */
export function keyReader(by: Selector): (value: unknown) => Key {
  const select = selectKey(by)
  return (value) => checkKey(select(value as never))
}

/** Gives records a key, for the stateful operator behind it. */
export const keyBy: Piece<KeyByNode> = {
  code(node, at) {
    const { key, source } = keySource(at.code, node.by, at.value)
    return `${at.blame}${source}${at.next(at.value, { key })}`
  },
  step({ by }, { next, blame }) {
    const read = keyReader(by)
    return (value, time, mark) => {
      blame()
      next(value, time, mark, read(value))
    }
  },
}
