import { deepStrictEqual } from 'node:assert/strict'
import { isMillraceError } from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameDecoder } from '../../src/exchange/frame-decoder.ts'
import { RowsFrame } from '../../src/exchange/rows-frame.ts'
import { ValuePacker } from '../../src/exchange/value-packer.ts'
import { frameOf, refuseNone, row, type Row, rowsIn, rowsOf } from './support/rows.ts'
import { runs, sendable, texts, words } from './support/values.ts'

const times = fc.oneof(fc.nat(2_000_000), fc.double({ noNaN: true }), fc.maxSafeInteger())
const rows: fc.Arbitrary<Row> = fc.record(
  {
    key: words,
    value: sendable,
    time: times,
    mark: fc.option(times, { nil: -Infinity }),
    place: texts,
    sequence: fc.oneof(fc.nat(), fc.maxSafeInteger()),
  },
  { noNullPrototype: true },
)

describe('rows in a frame', () => {
  test('come back as they were, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 30 }), (sent) => {
        deepStrictEqual(rowsIn(frameOf(sent)), sent)
      }),
      runs(300),
    )
  })

  test('come back from frames that one packer has filled, each read alone or one after the other', () => {
    const many = fc.array(fc.array(rows, { maxLength: 8 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(many, (sent) => {
        const packer = new ValuePacker()
        const frames = sent.map((each) => frameOf(each, packer))
        const decoder = new FrameDecoder()
        deepStrictEqual(
          frames.reverse().map((frame) => rowsIn(frame)),
          sent.toReversed(),
        )
        deepStrictEqual(
          frames.reverse().map((frame) => rowsIn(frame, decoder)),
          sent,
        )
      }),
      runs(60),
    )
  })

  test('may be none', () => {
    expect(rowsIn(frameOf([]))).toEqual([])
  })

  test('may be ten thousand, a few of them behind their mark', () => {
    const sent = Array.from({ length: 10_000 }, (_, i) =>
      row({
        key: `key-${i % 700}`,
        value: { user: `u${i}`, n: i, nested: { a: [i, null], b: i % 3 === 0 } },
        time: 1_700_000_000_000 + ((i * 7_919) % 10_000),
        mark: i % 997 === 0 ? 1_700_000_005_000 + i : -Infinity,
        place: `p${i % 3}`,
        sequence: i,
      }),
    )
    expect(rowsIn(frameOf(sent))).toEqual(sent)
  })

  test('may each have another shape', () => {
    const sent = Array.from({ length: 3_000 }, (_, i) => row({ value: { [`a${i}`]: { [`b${i}`]: i }, c: [i] } }))
    expect(rowsIn(frameOf(sent))).toEqual(sent)
  })

  test('keep the type of their key', () => {
    const keys = ['1', 1, 1n, true, '', 0, -0, false, 'true', 2n ** 70n, -1.5]
    expect(rowsIn(frameOf(keys.map((key) => row({ key })))).map(({ key }) => key)).toStrictEqual(keys)
  })

  test('have bytes of their own, not views of the frame', () => {
    const frame = frameOf([row({ value: new Uint8Array([1, 2, 3]) }), row({ value: { a: Buffer.from([4]) } })])
    const [first, second] = rowsIn(frame)
    frame.fill(0)
    expect(first?.value).toStrictEqual(new Uint8Array([1, 2, 3]))
    expect(second?.value).toStrictEqual({ a: new Uint8Array([4]) })
  })

  test('have objects of their own', () => {
    const shared = { at: new Date(0) }
    const [first, second] = rowsIn(frameOf([row({ value: shared }), row({ value: shared })]))
    expect(first?.value).not.toBe(second?.value)
  })
})

describe('a row that cannot be sent', () => {
  class Money {}
  const cyclic: Record<string, unknown> = { name: 'a' }
  cyclic['self'] = cyclic
  const thrower = {
    get broken() {
      throw new Error('no such luck')
    },
  }

  test.each([
    ['a function', () => {}, 'a function'],
    ['a function in it', { map: new Map([[1, { f: () => {} }]]) }, 'a function'],
    ['a symbol', [Symbol('s')], 'a symbol'],
    ['an instance of a class', { price: new Money() }, 'an instance of Money'],
    ['an object with a prototype of its own', Object.create({ a: 1 }), 'a prototype of its own'],
    ['a regular expression', /a/, 'an instance of RegExp'],
    ['an error', new TypeError('x'), 'an instance of TypeError'],
    ['a typed array', new Float64Array(1), 'an instance of Float64Array'],
    ['itself in it', cyclic, 'more than 500 deep'],
  ])('with %s is refused by name, and those beside it are sent', (_, value, what) => {
    const refused: [number, unknown][] = []
    const frame = new RowsFrame(new ValuePacker())
    const all = [row({ sequence: 1 }), row({ sequence: 2, value }), row({ sequence: 3 })]
    frame.add(rowsOf(all), 0, 3, (at, error) => refused.push([at, error]))
    expect(refused).toEqual([[1, expect.objectContaining({ message: expect.stringContaining(what) })]])
    expect(isMillraceError(refused[0]?.[1], 'USER_CODE')).toBe(true)
    expect(rowsIn(frame.seal()).map(({ sequence }) => sequence)).toEqual([1, 3])
  })

  test('as a getter throws is refused with what it threw', () => {
    const refused: unknown[] = []
    const frame = new RowsFrame(new ValuePacker())
    frame.add(rowsOf([row(), row({ value: thrower })]), 0, 2, (_, error) => refused.push(error))
    expect(refused).toEqual([new Error('no such luck')])
    expect(frame.length).toBe(1)
  })

  test('as a getter throws when it is read again is refused alone', () => {
    let reads = 0
    const moody = {
      get a() {
        if (++reads > 1) throw new Error('once is enough')
        return 1
      },
    }
    const refused: number[] = []
    const frame = new RowsFrame(new ValuePacker())
    frame.add(rowsOf([row({ sequence: 1 }), row({ value: moody }), row({ sequence: 3 })]), 0, 3, (at) =>
      refused.push(at),
    )
    expect(refused).toEqual([1])
    expect(rowsIn(frame.seal())).toEqual([row({ sequence: 1 }), row({ sequence: 3 })])
  })

  test('is none that lies 500 deep', () => {
    let value: unknown = 1
    for (let i = 0; i < 500; i++) value = i % 2 ? [value] : { a: value }
    expect(rowsIn(frameOf([row({ value })]))[0]?.value).toEqual(value)
    const frame = new RowsFrame(new ValuePacker())
    frame.add(rowsOf([row({ value: new Map([[1, value]]) })]), 0, 1, () => {})
    expect(frame.length).toBe(0)
    expect(refuseNone).toThrow('was refused')
  })
})
