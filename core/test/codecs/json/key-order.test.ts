import { describe, expect, test } from 'vitest'
import { byteText } from '../../../src/state/byte-text.ts'
import { edgeAction, edgePart, KeyOrder } from '../../../src/codecs/json/key-order.ts'
import { shapePlan } from '../../../src/codecs/json/shape-plan.ts'
import { int } from '../../../src/fields.ts'
import { bytesOf } from './support.ts'

const plan = shapePlan({ a: int(), b: int() })

/** Follows what stands between values, and says which field comes after each. */
function follow(order: KeyOrder, between: readonly string[]): (number | string)[] {
  let node = order.start(0)
  return between.map((text) => {
    const bytes = bytesOf(text)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const edge = order.next(node, byteText(bytes), view, 0, bytes.length)
    if (edge === 0) return 'none'
    node = order.table[edge + edgePart.to]!
    return order.table[edge + edgePart.length] === text.trimEnd().length || order.table[edge + edgePart.action]! < 0
      ? order.table[edge + edgePart.action]!
      : 'short'
  })
}

describe('the order of keys', () => {
  test('is found by reading, then by comparing', () => {
    const order = new KeyOrder([plan])
    for (let i = 0; i < 3; i++) {
      expect(follow(order, ['"a":', ',"b":', ',"other":', ', "a" :'])).toEqual([0, 1, edgeAction.skip, 0])
      expect(follow(order, ['"other":', ',"b":', ',"\\u0061":'])).toEqual([edgeAction.skip, 1, 0])
    }
  })

  test('is no order where there is no key', () => {
    const order = new KeyOrder([plan])
    for (const bad of [',"a":', 'a', '"a"', '"a', '', ':', '"a\n":', '"\\x":'])
      expect(follow(order, [bad])).toEqual(['none'])
    for (const bad of ['"a":', ',', ',,"a":', ',"a"']) expect(follow(order, ['"a":', bad])).toEqual([0, 'none'])
  })

  test('is known after any number of keys, and forgotten when it is of no use', () => {
    const order = new KeyOrder([plan])
    for (let i = 0; i < 100_000; i++) {
      if (i % 1000 === 0) order.refresh()
      if (follow(order, [`"key ${i}":`])[0] !== edgeAction.skip) throw new Error(`lost at ${i}`)
    }
    order.refresh()
    for (let i = 0; i < 3; i++) expect(follow(order, ['"a":', ',"b":', ',"a":'])).toEqual([0, 1, 0])
  })
})
