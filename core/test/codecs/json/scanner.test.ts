import { describe, expect, test } from 'vitest'
import { Scanner } from '../../../src/codecs/json/scanner.ts'
import { shapePlan } from '../../../src/codecs/json/shape-plan.ts'
import { array, boolean, int, nullable, number, object, optional, string, type Shape } from '../../../src/fields.ts'
import { bytesOf } from './support.ts'

function scanned(shape: Shape, texts: readonly string[]): unknown[] {
  const scanner = new Scanner(shapePlan(shape))
  return texts.map((text) => {
    const bytes = bytesOf(text)
    scanner.read(bytes)
    return scanner.scan(0, bytes.length)
  })
}

const shape = {
  page: string(),
  ms: number(),
  at: int(),
  bot: boolean(),
  user: optional(object({ name: string(), age: nullable(int()) })),
  tags: optional(array(string())),
}

describe('records are read without JSON.parse', () => {
  const record = { page: '/p', ms: 1, at: 1_760_000_000_000, bot: false }

  test.each([
    ['as JSON.stringify writes them', (value: object) => JSON.stringify(value)],
    [
      'as Python writes them',
      (value: object) =>
        JSON.stringify(value, null, 1).replace(/\n */g, ' ').replaceAll('{ ', '{').replaceAll(' }', '}'),
    ],
    ['over several lines', (value: object) => JSON.stringify(value, null, 2)],
    ['with a carriage return', (value: object) => `${JSON.stringify(value)}\r`],
  ])('%s', (_, write) => {
    const records = [
      record,
      { ...record, user: { name: 'Ada', age: null } },
      { ...record, tags: ['a', 'b'], user: { name: 'Zoë', age: 5 } },
      { ...record, page: '"quoted"\n', ms: 12.75 },
      { bot: true, at: -5, ms: 1e-7, page: '日本', tags: [] },
    ]
    const twice = [...records, ...records]
    expect(scanned(shape, twice.map(write))).toEqual(twice)
  })

  test('whatever else they hold', () => {
    const others = {
      a: null,
      b: [1, { c: ['x', {}], 'd"': [] }],
      c: {},
      e: 'é\\"\u0001',
      f: -1.5e-7,
      g: true,
      h: false,
      '': '',
      日: 0,
      ['__proto__']: 1,
    }
    expect(
      scanned(shape, [JSON.stringify({ ...others, ...record }), JSON.stringify({ ...record, ...others })]),
    ).toEqual([record, record])
  })
})

test('what is left to JSON.parse is refused in the same way each time', () => {
  const odd = [
    '{"page":"a","page":"b","ms":1,"at":1,"bot":true}',
    '{"page":"a"}',
    '{}',
    '',
    '{',
    '}',
    ' {}',
    '{"page":1,"ms":1,"at":1,"bot":true}',
    '[{}]',
  ]
  expect(scanned(shape, [...odd, ...odd])).toEqual([...odd, ...odd].map(() => undefined))
})

test('equal texts of a field are one string', () => {
  const texts = Array.from({ length: 100 }, (_, i) => `{"s":"${'some longer text, number '.repeat(2)}${i % 10}"}`)
  const records = scanned({ s: string() }, texts) as { s: string }[]
  expect(records.map(({ s }) => s)).toEqual(texts.map((text) => JSON.parse(text).s))
})

test('names of fields and texts of records are no part of the generated code', () => {
  const evil = "');globalThis.broken=true;('"
  const [record] = scanned({ [evil]: string() }, [JSON.stringify({ [evil]: evil })])
  expect(record).toEqual({ [evil]: evil })
  expect(globalThis).not.toHaveProperty('broken')
})

test('records of one decoder have one hidden shape each, plain to the last detail', () => {
  const [record] = scanned({ a: int(), b: object({ c: int() }) }, ['{"b":{"c":1},"a":2}'])
  expect(record).toStrictEqual({ a: 2, b: { c: 1 } })
  expect(Object.getOwnPropertyDescriptors(record)).toEqual(Object.getOwnPropertyDescriptors({ a: 2, b: { c: 1 } }))
  expect(String(record)).toBe('[object Object]')
})
