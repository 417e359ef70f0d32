import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { json } from '../../../src/codecs/json.ts'
import { ScanningDecoder } from '../../../src/codecs/json/decoder.ts'
import { array, boolean, int, nullable, number, object, optional, string, type Shape } from '../../../src/fields.ts'
import { jsonText, mutated, recordText, shape } from './arbitrary.ts'
import { agree, bytesOf, outcomes, parsingDecoder, reference, textOf } from './support.ts'

/** How much is tried: `MILLRACE_FUZZ=50 npm test` tries fifty times as much. */
const effort = Number(process.env['MILLRACE_FUZZ'] ?? 1)
const some = { numRuns: 60 * effort }
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
/** So many fields that they are read by functions which they share. */
const wide = Object.fromEntries(
  Array.from({ length: 28 }, (_, i) => [
    `f${i}`,
    [string(), int(), number(), boolean(), nullable(string()), optional(int()), array(int())][i % 7]!,
  ]),
)
const known: readonly Shape[] = [click, order, wide]

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

test.each(known)(
  'one decoder keeps to it for thousands of records, number %$',
  (of) => {
    const whole = fc.sample(recordText(of).map(bytesOf), { numRuns: 200, seed: 1 })
    const records = [...whole, ...whole.flatMap((record) => fc.sample(mutated(record), { numRuns: 4, seed: 1 }))]
    const expected = records.map((record) => reference(of, record))
    const decoder = json(of).decoder()
    for (let round = 0; round < 4; round++) {
      const found = outcomes(decoder, records)
      expect(found.findIndex((outcome, i) => !agree(outcome, expected[i]!))).toBe(-1)
    }
  },
  60_000,
)

test('a codec with fields decodes with generated code', () => {
  expect(json(click).decoder()).toBeInstanceOf(ScanningDecoder)
})
