import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { Packr } from 'msgpackr/pack'
import { expect, test } from 'vitest'
import { isPlain } from '../../src/exchange/plain-value.ts'
import { ValuePacker, ValueUnpacker } from '../../src/exchange/value-packer.ts'
import { runs, sendable } from './support/values.ts'

test('what is plain comes through msgpackr as it is', () => {
  fc.assert(
    fc.property(fc.array(sendable), (all) => {
      const values = all.filter((value) => isPlain(value))
      const packer = new ValuePacker()
      const packed = packer.pack(values)
      deepStrictEqual(new ValueUnpacker(packer.shapes).unpack(packed), values)
    }),
    runs(200),
  )
})

test.each<[string, unknown]>([
  ['−0', -0],
  ['a lone surrogate', 'a\ud800'],
  ['a lone surrogate in a name', { '\udfff': 1 }],
  ['a field called __proto__', JSON.parse('{"__proto__":1}')],
  ['a field called __keys__', { __keys__: 1 }],
  ['a bigint beyond 64 bits', 2n ** 64n],
  ['a bigint beyond 63 bits', 2n ** 63n],
  ['a date', new Date(0)],
  ['a map', new Map()],
  ['a set', new Set()],
  ['bytes', new Uint8Array()],
  ['no prototype', Object.create(null)],
  ['a function', () => {}],
])('is not plain: %s', (_, value) => {
  expect(isPlain(value)).toBe(false)
  expect(isPlain({ deep: [{ in: value }] })).toBe(false)
})

test('msgpackr still loses what it lost when this was written; what it keeps by now could be plain', () => {
  const packr = new Packr({ structures: [], mapsAsObjects: true })
  const kept = (value: unknown): unknown => packr.unpack(packr.pack([value]))
  expect(kept(-0)).toEqual([0])
  expect(kept('\ud800')).toEqual(['\ufffd'])
  expect(kept(JSON.parse('{"__proto__":1}'))).toEqual([{ __proto_: 1 }])
  expect(() => kept(2n ** 64n)).toThrow('too large')
})
