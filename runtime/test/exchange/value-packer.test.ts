import { expect, test } from 'vitest'
import { ValuePacker, ValueUnpacker } from '../../src/exchange/value-packer.ts'

const packed = (packer: ValuePacker, ...values: readonly unknown[]): Uint8Array => Uint8Array.from(packer.pack(values))

test('packs the names of fields once, for all calls', () => {
  const packer = new ValuePacker()
  const first = packed(packer, { user: 'a', n: 1 }, { user: 'b', n: 2 })
  const second = packed(packer, { user: 'c', n: 3 }, { other: { user: 'd', n: 4 } })
  expect(packer.shapes.map((names) => [...names])).toEqual([['user', 'n'], ['other']])
  expect(first.length).toBe(9)
  const unpacker = new ValueUnpacker(packer.shapes)
  expect(unpacker.unpack(second)).toEqual([{ user: 'c', n: 3 }, { other: { user: 'd', n: 4 } }])
  expect(unpacker.unpack(first)).toEqual([
    { user: 'a', n: 1 },
    { user: 'b', n: 2 },
  ])
})

test('learns few shapes, however many there are, and then says that it is full', () => {
  const packer = new ValuePacker()
  packer.pack([{ a: 1 }])
  expect(packer.isFull).toBe(false)
  const values = Array.from({ length: 10_000 }, (_, i) => ({ [`name-${i}`]: i, b: { [`other-${i}`]: 1 } }))
  const bytes = packed(packer, ...values)
  expect(packer.isFull).toBe(true)
  expect(packer.shapes.length).toBeLessThanOrEqual(32)
  expect(new ValueUnpacker(packer.shapes).unpack(bytes)).toEqual(values)
})

test('learns no shape of very many names', () => {
  const packer = new ValuePacker()
  const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`name-${i}`, i]))
  const bytes = packed(packer, wide)
  expect(packer.shapes.length).toBe(0)
  expect(new ValueUnpacker(packer.shapes).unpack(bytes)).toEqual([wide])
})

test('goes on after a value that throws', () => {
  const packer = new ValuePacker()
  const thrower = {
    a: 1,
    get b(): number {
      throw new Error('no such luck')
    },
  }
  expect(() => packer.pack([{ c: 1 }, thrower])).toThrow('no such luck')
  const bytes = packed(packer, { a: 1, b: 2 }, { c: 3 })
  expect(new ValueUnpacker(packer.shapes).unpack(bytes)).toEqual([{ a: 1, b: 2 }, { c: 3 }])
})
