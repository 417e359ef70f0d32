import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checked } from '../../../src/codecs/json/check.ts'
import { checkingEncoder, jsonEncoder } from '../../../src/codecs/json/encoder.ts'
import type { ObjectPlan } from '../../../src/codecs/json/plan.ts'
import { shapePlan } from '../../../src/codecs/json/shape-plan.ts'
import { ByteWriter } from '../../../src/connector/byte-writer.ts'
import type { Encoder } from '../../../src/connector/codec.ts'
import { isMillraceError } from '../../../src/errors.ts'
import { array, object, string, type Field, type Shape } from '../../../src/fields.ts'
import { shape } from './arbitrary.ts'
import { same, textOf } from './support.ts'

const effort = Number(process.env['MILLRACE_FUZZ'] ?? 1)

const forms: readonly (readonly [string, (plan: ObjectPlan) => Encoder<unknown>])[] = [
  ['generated', jsonEncoder],
  ['without generated code', checkingEncoder],
]

/** Values that mostly fit a field. */
function valueOf(field: Field<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 40, arbitrary: fittingValue(field) },
    { weight: 1, arbitrary: fc.anything({ withDate: true, withBigInt: true }) },
  )
}

function fittingValue(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'string':
      return fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
        fc.string({ minLength: 60, maxLength: 90 }),
      )
    case 'int':
      return fc.oneof(
        fc.maxSafeInteger(),
        fc.integer(),
        fc.nat(100),
        fc.constantFrom(-0, 2 ** 53, 1e8, 99999999, 1e8 - 1, -1e15),
      )
    case 'number':
      return fc.oneof(fc.double(), fc.float(), fc.integer(), fc.constantFrom(-0, 1e21, 1e-7, 2 ** 53, NaN, Infinity))
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valueOf(field.of!), { maxLength: 4 })
    case 'object':
      return recordOf(field.shape!)
    case 'nullable':
      return fc.option(valueOf(field.of!), { nil: null })
    default:
      return fc.option(valueOf(field.of!), { nil: undefined })
  }
}

const recordOf = (of: Shape): fc.Arbitrary<unknown> => {
  const fields = Object.entries(of).map(([name, field]) => fc.tuple(fc.constant(name), valueOf(field)))
  const extra = fc.tuple(fc.constant('extra'), fc.anything())
  return fc.tuple(...fields, extra).map((members) => Object.fromEntries(members))
}

describe.each(forms)('%s, what is written', (_, encoderOf) => {
  test(
    'is what JSON.stringify writes for the declared fields, or nothing',
    () => {
      const records = shape.chain((of) =>
        fc.tuple(fc.constant(of), fc.array(recordOf(of), { minLength: 1, maxLength: 10 })),
      )
      fc.assert(
        fc.property(records, ([of, values]) => {
          const plan = shapePlan(of)
          const encoder = encoderOf(plan)
          for (const value of values) expect(written(encoder, value)).toBe(expected(plan, value))
        }),
        { numRuns: 60 * effort },
      )
    },
    30_000 * effort,
  )
})

function written(encoder: Encoder<unknown>, value: unknown): string | undefined {
  const out = new ByteWriter()
  try {
    encoder.encode(value, out)
    return textOf(out.take())
  } catch (error) {
    if (!isMillraceError(error, 'BAD_RECORD') || out.length > 0) throw error
    return undefined
  }
}

function expected(plan: ObjectPlan, value: unknown): string | undefined {
  let record: unknown
  try {
    record = checked(plan, value)
  } catch {
    return undefined
  }
  return JSON.stringify(record)
}

test('a whole number is written digit by digit as it is read', () => {
  const encoder = jsonEncoder<{ n: number }>(shapePlan({ n: { kind: 'int' } }))
  const numbers = Array.from({ length: 16 }, (_, i) => [10 ** i - 1, 10 ** i, 10 ** i + 1, -(10 ** i)]).flat()
  for (const n of [
    ...numbers,
    2 ** 31,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 32,
    2 ** 53 - 1,
    9_007_199_199_999_999,
    9_007_199_200_000_000,
  ]) {
    const out = new ByteWriter()
    encoder.encode({ n }, out)
    expect(same(JSON.parse(textOf(out.view())), { n })).toBe(true)
    expect(textOf(out.view())).toBe(`{"n":${n}}`)
  }
})

test('a record is whole however long it is', () => {
  const encoder = jsonEncoder<unknown>(shapePlan({ a: object({ b: array(string()) }) }))
  for (const length of [65_400, ...Array.from({ length: 140 }, (_, i) => 65_430 + i), 200_000]) {
    for (const [letter, bytes] of [
      ['x', 1],
      ['é', 2],
    ] as const) {
      const record = { a: { b: [letter.repeat(length / bytes)] } }
      expect(written(encoder, record) === JSON.stringify(record), `${length} bytes of ${letter}`).toBe(true)
    }
  }
})
