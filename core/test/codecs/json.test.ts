import { describe, expect, expectTypeOf, test } from 'vitest'
import { ByteWriter } from '../../src/connector/byte-writer.ts'
import type { Codec } from '../../src/connector/codec.ts'
import { json } from '../../src/codecs/json.ts'
import {
  array,
  boolean,
  int,
  nullable,
  number,
  object,
  optional,
  secret,
  string,
  type Shape,
} from '../../src/fields.ts'
import { codecConformance } from '../../src/testing/codec-conformance.ts'
import { bytesOf, encodedText, outcome, outcomes, parsingDecoder, recordOrMessage } from './json/support.ts'

const order = {
  id: string(),
  total: number(),
  count: int(),
  paid: boolean(),
  note: nullable(string()),
  tags: optional(array(string())),
  user: object({ name: string(), age: optional(int()) }),
}

const samples = [
  { id: 'a', total: 1.5, count: 3, paid: true, note: null, user: { name: 'Ada' } },
  { id: '', total: 0, count: 0, paid: false, note: '', tags: [], user: { name: 'Bob', age: 7 } },
  { id: '"\\\n\u0000\u2028', total: 1e-7, count: -1, paid: true, note: '/p', tags: ['x', ''], user: { name: '' } },
  { id: 'Zoë', total: -12.25, count: 2 ** 53 - 1, paid: true, note: '😀', tags: ['ß'], user: { name: '日本', age: 0 } },
  {
    id: '\ud800',
    total: 1e300,
    count: -(2 ** 53) + 1,
    paid: true,
    note: 'x'.repeat(100),
    user: { name: 'a'.repeat(70) },
  },
  { id: 'x'.repeat(70_000), total: 123456.789, count: 10, paid: false, note: null, user: { name: 'long' } },
]

describe('json with fields', () => {
  codecConformance({
    test,
    expect,
    create: () => json(order),
    samples,
    refused: [
      '',
      ' ',
      '{',
      '{}',
      'null',
      '[]',
      '{"id":"a"}',
      '{"id":1}',
      bytesOf('{"id":"\xff"}').map((byte) => (byte === 0xc3 ? 0xff : byte)),
    ],
    unwritable: [
      undefined,
      null,
      1,
      [],
      {},
      { ...samples[0], total: NaN },
      { ...samples[0], count: 1.5 },
      { ...samples[0], tags: [undefined] },
    ],
  })
})

describe('json without fields', () => {
  codecConformance<unknown>({
    test,
    expect,
    create: () => json(),
    samples: [...samples, null, true, 0, 'text', [1, [2]], { any: { thing: [{}] } }],
    refused: ['', '{', 'undefined', '1 2', "{'a':1}", '\u{a0}1', Uint8Array.of(0x22, 0xff, 0x22)],
    unwritable: [undefined, () => 1, 1n, { toJSON: () => undefined }],
  })
})

describe('what is decoded', () => {
  const page = json({ page: string() })
  const of = (shape: Shape, text: string): unknown => recordOrMessage(json(shape), text)

  test('is the declared fields, in the order in which they are declared', () => {
    const record = recordOrMessage(json({ b: int(), a: int() }), '{"a":1,"c":3,"b":2}')
    expect(JSON.stringify(record)).toBe('{"b":2,"a":1}')
  })

  test('is a plain object to anyone', () => {
    const [record] = outcomes(json(order).decoder(), [encodedText(json(order).encoder(), samples[0])]).map(
      (each) => 'record' in each && each.record,
    )
    expect(record).toStrictEqual(samples[0])
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype)
    expect((record as object).constructor).toBe(Object)
    expect(structuredClone(record)).toStrictEqual(samples[0])
  })

  test('has no property for an optional field that is absent', () => {
    expect(of({ a: optional(string()), b: int() }, '{"b":1}')).toStrictEqual({ b: 1 })
    expect(of({ a: optional(nullable(string())), b: int() }, '{"a":null,"b":1}')).toStrictEqual({ a: null, b: 1 })
  })

  test('has the default of a field that is absent', () => {
    expect(of({ a: string({ default: 'none' }), n: object({ b: int({ default: 5 }) }) }, '{"n":{}}')).toStrictEqual({
      a: 'none',
      n: { b: 5 },
    })
    expect(of({ a: string({ default: 'none' }) }, '{"a":null}')).toBe('a: expected a string, found null')
  })

  test('takes the last of two equal keys', () => {
    expect(recordOrMessage(page, '{"page":1,"page":"b"}')).toStrictEqual({ page: 'b' })
    expect(recordOrMessage(page, '{"page":"a","\\u0070age":"b"}')).toStrictEqual({ page: 'b' })
    expect(of({ n: object({ a: optional(int()), b: optional(int()) }) }, '{"n":{"a":1},"n":{"b":2}}')).toStrictEqual({
      n: { b: 2 },
    })
  })

  test('takes names that every object inherits only when they are there', () => {
    const inherited = {
      constructor: optional(string()),
      toString: optional(int()),
      hasOwnProperty: optional(boolean()),
    }
    expect(of(inherited, '{}')).toStrictEqual({})
    expect(of(inherited, '{"toString":1,"constructor":"c"}')).toStrictEqual({ constructor: 'c', toString: 1 })
    expect(of({ valueOf: int() }, '{}')).toBe('valueOf: expected a whole number of at most 2^53 − 1, found nothing')
  })

  test('never gets a prototype from the record', () => {
    const record = of({ a: optional(int()) }, '{"__proto__":{"a":1},"constructor":{"prototype":{"a":2}}}')
    expect(record).toStrictEqual({})
    expect((record as { a?: number }).a).toBeUndefined()
  })

  test.each([
    ['{"at":1.0}', 1],
    ['{"at":1e3}', 1000],
    ['{"at":-0}', -0],
    ['{"at":-0.0e5}', -0],
    ['{"at":1760000000000}', 1_760_000_000_000],
    ['{"at":123456789012345}', 123_456_789_012_345],
    ['{"at":1760000000000000}', 1_760_000_000_000_000],
    ['{"at":9007199254740991}', 2 ** 53 - 1],
    ['{"at":-9007199254740991}', -(2 ** 53) + 1],
    ['{"at":0.1e1}', 1],
  ])('reads the whole number of %s', (text, at) => {
    expect(of({ at: int() }, text)).toStrictEqual({ at })
  })

  test.each([
    '9007199254740992',
    '-9007199254740993',
    '1.5',
    '1e400',
    '12345678901234567890',
    '1e-1',
    'null',
    '"1"',
    'true',
    '[1]',
  ])('takes %s for no whole number', (text) => {
    expect(of({ at: int() }, `{"at":${text}}`)).toContain('at: expected a whole number')
  })

  test.each([
    '0',
    '-0',
    '0.1',
    '1.25',
    '-1.5',
    '123456.789',
    '52.3702157',
    '0.000001',
    '1e21',
    '1.7976931348623157e308',
    '5e-324',
    '1e-400',
    '9007199254740993',
    '0.1234567890123456789',
    '100000000000000000000000.5',
    '0.30000000000000004',
    '2.2250738585072011e-308',
    '1E5',
    '1e+5',
    '1234567890123456.5',
    '0.00000000000000000000001',
  ])('reads the number %s as JSON.parse does', (text) => {
    expect(of({ n: number() }, `{"n":${text}}`)).toStrictEqual({ n: JSON.parse(text) })
  })

  test.each(['01', '-', '1.', '.5', '+1', '0x10', '1e', '1e+', '--1', 'NaN', 'Infinity', '1_000', '1 2', '00', '-01'])(
    'refuses %s, which is no number',
    (text) => {
      expect(of({ n: number() }, `{"n":${text}}`)).toContain('not JSON')
      expect(of({ n: int() }, `{"n":${text}}`)).toContain('not JSON')
      expect(of({ other: optional(int()) }, `{"n":${text}}`)).toContain('not JSON')
    },
  )

  test.each(['1e400', '-1e400'])('refuses %s, which is not finite', (text) => {
    expect(of({ n: number() }, `{"n":${text}}`)).toContain('n: expected a finite number, found')
  })

  test('skips a byte order mark, once', () => {
    expect(recordOrMessage(page, '\ufeff{"page":"a"}')).toStrictEqual({ page: 'a' })
    expect(recordOrMessage(page, '\ufeff\ufeff{"page":"a"}')).toContain('not JSON')
    expect(recordOrMessage(page, '{"page":\ufeff"a"}')).toContain('not JSON')
    expect(recordOrMessage(json(), '\ufeff1')).toBe(1)
  })

  test('may have white space around and between its tokens', () => {
    expect(recordOrMessage(page, ' \t\r\n{ "page"\t:\r\n"a" , "b" : [ ] } \r')).toStrictEqual({ page: 'a' })
    expect(recordOrMessage(page, '{"page":"a"}\u00a0')).toContain('not JSON')
    expect(recordOrMessage(page, '{"page":"a"}\f')).toContain('not JSON')
  })

  test.each([
    '{"page":"a"',
    '{"page":"a"}}',
    '{"page":"a"}x',
    '{"page":"a",}',
    '{,"page":"a"}',
    '{"page" "a"}',
    '{"page":"a" "b":1}',
    '{"page":"a","b"}',
    '{"page":"a","b":}',
    '{"page":"a",b:1}',
    '{"page":"a"}{"page":"b"}',
    '{"page":"a\tb"}',
    '{"page":"a\u0000"}',
    '{"page":"\\x41"}',
    '{"page":"\\u00g1"}',
    '{"page":"\\u12"}',
    '{"page":"\\',
    '{"page":"a","b":tru}',
    '{"page":"a","b":truex}',
    '{"page":"a","b":nulL}',
    '{"page":"a","b":[1,]}',
    '{"page":"a","b":[1 2]}',
    '{"page":"a","b":{"c":1,}}',
    '{"page":"a","b":{"c"}}',
    '{"page":"a","b":{1:2}}',
    '{"page":"a","b":"c\nd"}',
    '{"page":"a","b":"\\c"}',
    '{"page":"a","b":[}',
    '{"page":"a","b":{]}',
    '{"page":"a","b":"}',
    '{"page":"a","\\x":1}',
    '{"page":"a","b\u0001":1}',
  ])('is refused where %s is not JSON, read or skipped', (text) => {
    expect(recordOrMessage(page, text)).toContain('not JSON')
  })

  test.each([
    ['overlong', [0xc0, 0xaf]],
    ['overlong of three bytes', [0xe0, 0x80, 0x80]],
    ['overlong of four bytes', [0xf0, 0x80, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation', [0x80]],
    ['cut short', [0xe2, 0x82]],
    ['no byte of UTF-8', [0xff]],
  ])('is refused where a string is not UTF-8: %s', (_, bad) => {
    const around = (before: string, after: string): Uint8Array =>
      Uint8Array.of(...bytesOf(before), ...bad, ...bytesOf(after))
    for (const record of [
      around('{"page":"', '"}'),
      around('{"page":"a","b":"', '"}'),
      around('{"page":"a","b":["x', '"]}'),
      around('{"page":"a","', '":1}'),
    ]) {
      expect(recordOrMessage(page, record)).toBe('the record is not UTF-8')
      expect(recordOrMessage(json(), record)).toBe('the record is not UTF-8')
    }
  })

  test.each([
    '\u0080',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\ufffd',
    '\u{10000}',
    '\u{10ffff}',
    '\ufeff',
  ])('takes every character of UTF-8: %j', (character) => {
    expect(
      recordOrMessage(page, `{"page":"${character}","b":"${character}","${character}":["${character}"]}`),
    ).toStrictEqual({ page: character })
  })

  test('is not bound by how deep the record is nested', () => {
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(recordOrMessage(page, `{"a":${deep(5_000)},"page":"a"}`)).toStrictEqual({ page: 'a' })
    expect(recordOrMessage(page, `{"a":${deep(5_000)}],"page":"a"}`)).toContain('not JSON')
  })

  test('is read as well when keys come in any order, many and unknown', () => {
    const decoder = json({ a: int(), b: int() }).decoder()
    const records = Array.from({ length: 3_000 }, (_, i) => {
      const others = Array.from({ length: i % 7 }, (__, k) => `"k${(i * 31 + k) % 997}":${i}`)
      const members = [`"a":${i}`, `"b":${0 - i}`, ...others]
      return `{${[...members.slice(i % members.length), ...members.slice(0, i % members.length)].join(',')}}`
    })
    expect(outcomes(decoder, records)).toStrictEqual(records.map((_, i) => ({ record: { a: i, b: 0 - i } })))
  })
})

describe('a refusal', () => {
  const name = (shape: Shape, text: string): unknown => recordOrMessage(json(shape), text)

  test('says which field, what was expected and what was found', () => {
    const nested = { user: object({ name: string(), tags: array(object({ n: int() })) }) }
    expect(name({ a: string() }, '{}')).toBe('a: expected a string, found nothing')
    expect(name({ a: string() }, '{"a":null}')).toBe('a: expected a string, found null')
    expect(name({ a: string() }, '{"a":5}')).toBe('a: expected a string, found 5')
    expect(name({ a: boolean() }, '{"a":"secret"}')).toBe('a: expected true or false, found a string')
    expect(name({ a: int() }, '{"a":1.5}')).toBe('a: expected a whole number of at most 2^53 − 1, found 1.5')
    expect(name({ a: array(int()) }, '{"a":{}}')).toBe('a: expected a list, found an object')
    expect(name({ a: array(int()) }, '{"a":[1,[]]}')).toBe(
      'a[1]: expected a whole number of at most 2^53 − 1, found a list',
    )
    expect(name(nested, '{"user":[]}')).toBe('user: expected an object, found a list')
    expect(name(nested, '{"user":{"name":"a","tags":[{"n":1},{"n":true}]}}')).toBe(
      'user.tags[1].n: expected a whole number of at most 2^53 − 1, found true',
    )
    expect(name({}, '[]')).toBe('the record: expected an object, found a list')
    expect(name({}, '')).toBe('the record is empty')
  })

  test('is a MillraceError that is not to be retried', () => {
    const result = outcome(json({ a: string() }).decoder(), '{}')
    expect(result).toMatchObject({ refused: { code: 'BAD_RECORD', retryable: false } })
  })

  test('says the same without generated code', () => {
    const refused = ['', '{}', '{"id":1}', '{"id":"a","total":1,"count":1,"paid":0}', '{"id":"a","total":1e999}', 'x']
    const messages = (all: ReturnType<typeof outcomes>): unknown[] =>
      all.map((each) => 'refused' in each && (each.refused as Error).message)
    expect(messages(outcomes(parsingDecoder(order), refused))).toEqual(
      messages(outcomes(json(order).decoder(), refused)),
    )
  })
})

describe('what is declared', () => {
  test.each([
    [{ a: secret() }, 'json(): a: secret() is no part of a record'],
    [{ a: object({ b: array(secret()) }) }, 'json(): a.b[]: secret() is no part of a record'],
    [
      { a: array(optional(string())) },
      'json(): a[]: an item of a list cannot be absent; write nullable() or filter it out',
    ],
    [{ ['__proto__']: string() }, 'json(): "__proto__" cannot be the name of a field'],
    [{ u: object({ '': string() }) }, 'json(): u: "" cannot be the name of a field'],
  ])('is refused at once when no record can have it', (fields, message) => {
    expect(() => json(fields)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', message }))
  })

  test('is shown to people', () => {
    expect(json().description).toBe('json')
    expect(json({}).description).toBe('json({})')
    expect(json({ page: string(), user: optional(object({ name: string() })) }).description).toBe(
      'json({ page, user? })',
    )
    expect(json().contentType).toBe('application/json')
  })

  test('is the type of the record', () => {
    expectTypeOf(
      json({ page: string(), at: int(), tags: optional(array(string())), user: object({ name: nullable(string()) }) }),
    ).toEqualTypeOf<Codec<{ page: string; at: number; user: { name: string | null }; tags?: string[] | undefined }>>()
    expectTypeOf(json<{ a: 1 }>()).toEqualTypeOf<Codec<{ a: 1 }>>()
    expectTypeOf(json()).toEqualTypeOf<Codec<unknown>>()
  })
})

test('many fields, more than an integer has bits, are read and checked like few', () => {
  const names = Array.from({ length: 75 }, (_, i) => `f${i}`)
  const shape = Object.fromEntries(names.map((each, i) => [each, i % 3 === 0 ? optional(int()) : int()]))
  const full = Object.fromEntries(names.map((each, i) => [each, i]))
  const decoder = json(shape).decoder()
  const codec = { decoder: () => decoder }
  expect(recordOrMessage(codec, JSON.stringify(full))).toStrictEqual(full)
  for (const [i, each] of names.entries()) {
    const { [each]: _, ...rest } = full
    const expected = i % 3 === 0 ? rest : `${each}: expected a whole number of at most 2^53 − 1, found nothing`
    expect(recordOrMessage(codec, JSON.stringify(rest))).toStrictEqual(expected)
  }
})

describe('what is encoded', () => {
  test('is what JSON.stringify writes for the declared fields', () => {
    const { user, ...others } = samples[1]!
    const record = { extra: 1, ...others, user: { ...user, extra: [] } }
    expect(encodedText(json(order).encoder(), record)).toBe(
      JSON.stringify({ id: '', total: 0, count: 0, paid: false, note: '', tags: [], user }),
    )
  })

  test('is nothing for an undefined optional field', () => {
    expect(encodedText(json({ a: optional(int()), b: optional(int()) }).encoder(), { a: undefined, b: 2 })).toBe(
      '{"b":2}',
    )
    expect(encodedText(json({ a: optional(int()) }).encoder(), {})).toBe('{}')
  })

  test('has the default of a field that is absent', () => {
    expect(encodedText(json({ a: string({ default: 'none' }) }).encoder(), {})).toBe('{"a":"none"}')
  })

  test.each([
    [{ a: number() }, { a: NaN }, 'a: expected a finite number, found NaN'],
    [{ a: number() }, { a: -Infinity }, 'a: expected a finite number, found -Infinity'],
    [{ a: int() }, { a: 2 ** 53 }, 'a: expected a whole number of at most 2^53 − 1, found 9007199254740992'],
    [{ a: int() }, { a: 1n }, 'a: expected a whole number of at most 2^53 − 1, found a bigint'],
    [{ a: string() }, { a: new Date(0) }, 'a: expected a string, found an object'],
    [{ a: string() }, {}, 'a: expected a string, found nothing'],
    [{ a: optional(string()) }, { a: null }, 'a: expected a string, found null'],
    [{ a: array(string()) }, { a: ['b', undefined] }, 'a[1]: expected a string, found nothing'],
    [{ toString: string() }, {}, 'toString: expected a string, found nothing'],
    [{}, [], 'the record: expected an object, found a list'],
  ])('is refused when it would not decode again', (shape, value, message) => {
    const out = new ByteWriter()
    expect(() =>
      json(shape)
        .encoder()
        .encode(value as never, out),
    ).toThrow(expect.objectContaining({ code: 'BAD_RECORD', message }))
    expect(out.length).toBe(0)
  })

  test('is refused when JSON has no word for it', () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    for (const value of [undefined, Symbol('s'), () => 1, 1n, circular]) {
      expect(() => encodedText(json().encoder(), value)).toThrow(expect.objectContaining({ code: 'BAD_RECORD' }))
    }
  })
})
