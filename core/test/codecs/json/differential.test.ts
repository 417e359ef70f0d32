import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { json } from '../../../src/codecs/json.ts'
import { ScanningDecoder } from '../../../src/codecs/json/decoder.ts'
import { array, boolean, int, nullable, number, object, optional, string, type Shape } from '../../../src/fields.ts'
import { jsonText, mutated, recordText, shape } from './arbitrary.ts'
import { agree, bytesOf, outcomes, parsingDecoder, reference, textOf } from './support.ts'

/** How much is tried: `MILLRACE_FUZZ=50 npm test` tries fifty times as much. */
const effort = Number(process.env['MILLRACE_FUZZ'] ?? 1)
const some = { numRuns: 150 * effort }
const timeout = 60_000 * effort

const click = { page: string(), ms: int(), at: int(), bot: boolean() }
const order = {
  id: string(),
  total: number(),
  user: object({ name: string(), age: optional(int()), address: nullable(object({ city: string() })) }),
  tags: optional(array(string())),
  items: array(object({ sku: string(), price: number(), gift: boolean({ default: false }) })),
  toString: optional(string()),
}
const known = [click, order]

/** One decoder reads all records, twice, as what it remembers of one must not change another. */
function check(of: Shape, records: readonly Uint8Array[]): void {
  const expected = records.map((record) => reference(of, record))
  const generated = json(of).decoder()
  for (const found of [
    outcomes(generated, records),
    outcomes(generated, records),
    outcomes(parsingDecoder(of), records),
  ]) {
    found.forEach((outcome, i) => {
      if (!agree(outcome, expected[i]!)) expect({ text: textOf(records[i]!), ...outcome }).toStrictEqual(expected[i])
    })
  }
}

const several = (records: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> =>
  fc.array(records, { minLength: 1, maxLength: 10 })
const recordsOf = (of: Shape): fc.Arbitrary<Uint8Array[]> => several(recordText(of).map(bytesOf))
const withDamage = (records: readonly Uint8Array[]): fc.Arbitrary<Uint8Array[]> =>
  fc.tuple(...records.flatMap((record) => [fc.constant(record), mutated(record)]))

describe('the answer for any bytes is that of JSON.parse and the fields, with generated code and without', () => {
  test.each(known)(
    'for records, number %$',
    (of) => {
      fc.assert(
        fc.property(recordsOf(of), (records) => check(of, records)),
        some,
      )
    },
    timeout,
  )

  test.each(known)(
    'for damaged records, number %$',
    (of) => {
      fc.assert(
        fc.property(recordsOf(of).chain(withDamage), (records) => check(of, records)),
        some,
      )
    },
    timeout,
  )

  test(
    'for records of any fields',
    () => {
      const records = shape.chain((of) => fc.tuple(fc.constant(of), recordsOf(of)))
      fc.assert(
        fc.property(records, ([of, all]) => check(of, all)),
        some,
      )
    },
    timeout,
  )

  test(
    'for damaged records of any fields',
    () => {
      const records = shape.chain((of) => fc.tuple(fc.constant(of), recordsOf(of).chain(withDamage)))
      fc.assert(
        fc.property(records, ([of, all]) => check(of, all)),
        some,
      )
    },
    timeout,
  )

  test(
    'for any JSON, whole and damaged',
    () => {
      const texts = several(jsonText.map((text) => bytesOf(`{"skipped":${text}}`)))
      fc.assert(
        fc.property(texts.chain(withDamage), (all) => check({}, all)),
        some,
      )
    },
    timeout,
  )

  test(
    'for any bytes',
    () => {
      const inside = fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.of(0x7b, ...bytes, 0x7d))
      const texts = several(fc.oneof(inside, fc.uint8Array(), jsonText.map(bytesOf)))
      fc.assert(
        fc.property(texts, (all) => check({ a: optional(string()) }, all)),
        some,
      )
    },
    timeout,
  )
})

test('a codec with fields decodes with generated code', () => {
  expect(json(click).decoder()).toBeInstanceOf(ScanningDecoder)
})
