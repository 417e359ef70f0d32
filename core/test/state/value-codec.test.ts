import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../support/runs.ts'
import { readBack, storable, texts, written } from './support.ts'

describe('the stored form of a value', () => {
  test('gives back what was stored, whatever it is', () => {
    fc.assert(
      fc.property(storable, (value) => {
        expect(readBack(written(value))).toStrictEqual(value)
      }),
      runs(500),
    )
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['−0', -0],
    ['NaN', NaN],
    ['infinities', [Infinity, -Infinity]],
    ['the edges of safe integers', [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, -(2 ** 53)]],
    ['the edges of 31 and 32 bits', [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), 127, 128, 16_383, 16_384]],
    ['bigints', [0n, -1n, 2n ** 200n, -(2n ** 64n)]],
    ['a date of no time', new Date(NaN)],
    ['a byte order mark at the start of a text', '\ufeffa'],
    ['lone surrogates', ['\ud800', 'a\udfff', '\ude00\ud83d', '😀']],
    ['fields with lone surrogates', { '\ud800': 1, '\ud801': 2, '\ufffd': 3, '\ufeff': 4 }],
    ['a field called __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
    ['holes and undefined in an array', [1, undefined, 2]],
    ['a long text', 'ä'.repeat(10_000)],
    ['empty things', ['', [], {}, new Map(), new Set(), new Uint8Array()]],
    [
      'maps and sets in each other',
      new Map<unknown, unknown>([
        [1, new Set([new Map([['a', 1]])])],
        ['1', 2],
        [true, 3],
        [1n, 4],
      ]),
    ],
  ])('keeps %s', (_, value) => {
    const back = readBack(written(value))
    expect(back).toStrictEqual(value)
    expect(Object.is(back, -0)).toBe(Object.is(value, -0))
  })

  test('makes a plain object of one without prototype', () => {
    const bare: unknown = Object.assign(Object.create(null) as object, { a: 1 })
    expect(readBack(written(bare))).toStrictEqual({ a: 1 })
  })

  test('keeps fields with the names of what objects inherit', () => {
    const odd = { constructor: 1, toString: 2, hasOwnProperty: { constructor: null } }
    expect(readBack(written(odd))).toEqual(odd)
  })

  test('gives bytes of its own, not a view', () => {
    const stored = written(new Uint8Array([1, 2, 3]))
    const back = readBack(stored) as Uint8Array
    stored.fill(0)
    expect(back).toEqual(new Uint8Array([1, 2, 3]))
  })

  test('is different for different texts', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(Buffer.compare(written(a), written(b)) === 0).toBe(a === b)
      }),
      runs(500),
    )
  })

  test('does not change between releases', () => {
    const hex = (value: unknown): string => Buffer.from(written(value)).toString('hex')
    expect(
      [
        undefined,
        null,
        false,
        true,
        5,
        -5,
        300,
        1.5,
        'ab',
        'ä',
        255n,
        new Date(1),
        [1],
        { a: 1 },
        new Map([[1, 2]]),
        new Set([1]),
        new Uint8Array([7]),
      ].map(hex),
    ).toEqual([
      '00',
      '01',
      '02',
      '03',
      '0405',
      '0505',
      '04ac02',
      '06000000000000f83f',
      '07026162',
      '0702c3a4',
      '08023733',
      '09000000000000f03f',
      '0a010401',
      '0b0101610401',
      '0c0104010402',
      '0d010401',
      '0e0107',
    ])
  })

  class Point {
    x = 1
  }

  test.each([
    ['a function', () => 1, 'a function cannot be kept in state'],
    ['a symbol', Symbol('s'), 'a symbol cannot be kept in state'],
    ['an instance of a class', new Point(), 'an instance of Point cannot be kept in state'],
    ['a promise', Promise.resolve(1), 'an instance of Promise cannot be kept in state'],
    ['a regular expression', /a/, 'an instance of RegExp cannot be kept in state'],
    ['an error', new Error('no'), 'an instance of Error cannot be kept in state'],
    ['another typed array', new Float64Array(1), 'an instance of Float64Array cannot be kept in state'],
    [
      'an object whose prototype is no class',
      Object.create(Object.create(null) as object),
      'an object with a prototype of its own cannot be kept in state',
    ],
  ])('refuses %s, at any depth', (_, value, message) => {
    for (const around of [value, [value], { a: { b: value } }, new Map([[1, value]]), new Set([value])]) {
      expect(() => written(around)).toThrow(
        expect.objectContaining({ code: 'USER_CODE', message: expect.stringContaining(message) as string }) as Error,
      )
    }
  })

  test('refuses what contains itself, or is too deep', () => {
    const circular: unknown[] = []
    circular.push({ circular })
    expect(() => written(circular)).toThrow(
      expect.objectContaining({
        code: 'USER_CODE',
        message: expect.stringContaining('it may contain itself') as string,
      }) as Error,
    )
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(() => written(deep)).toThrow(expect.objectContaining({ code: 'USER_CODE' }) as Error)
  })
})

describe('stored bytes that are damaged', () => {
  const corrupt = expect.objectContaining({ code: 'CORRUPT_STATE' }) as Error

  /** Reads, and lets nothing but CORRUPT_STATE out. */
  function tryRead(bytes: Uint8Array): void {
    try {
      readBack(bytes)
    } catch (error) {
      if ((error as Error).message.endsWith('bytes are left over')) return
      expect(error).toMatchObject({ code: 'CORRUPT_STATE' })
    }
  }

  test('are told when they end in the middle', () => {
    fc.assert(
      fc.property(storable, fc.nat(), (value, cut) => {
        const bytes = written(value)
        expect(() => readBack(bytes.subarray(0, cut % bytes.length))).toThrow(corrupt)
      }),
      runs(300),
    )
  })

  test('never do worse than CORRUPT_STATE', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryRead), runs(2000))
    fc.assert(
      fc.property(storable, fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = written(value)
        bytes[at % bytes.length] = byte
        tryRead(bytes)
      }),
      runs(1000),
    )
  })

  test.each([
    ['of an unknown kind', [99]],
    ['with a length beyond all numbers', [0x07, ...Array.from({ length: 200 }, () => 0xff)]],
    ['with a length that overflows to nothing', [0x0a, ...Array.from({ length: 200 }, () => 0x80), 1]],
    ['with a number beyond the safe integers', [0x04, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['nested without end', Array.from({ length: 400_000 }, (_, i) => (i % 2 === 0 ? 0x0a : 1))],
    ['with more items than bytes', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0]],
    ['with a bigint of other letters', [0x08, 1, 0x21]],
  ])('are told when they are %s', (_, bytes) => {
    expect(() => readBack(new Uint8Array(bytes))).toThrow(corrupt)
  })
})
