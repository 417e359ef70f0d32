import { ByteWriter } from '@millrace/core'
import fc from 'fast-check'
import { ByteReader } from '../../src/state/byte-reader.ts'
import { readValue, writeValue } from '../../src/state/value-codec.ts'

export const written = (value: unknown): Uint8Array => {
  const out = new ByteWriter(1)
  writeValue(out, value)
  return out.take()
}

export const readBack = (bytes: Uint8Array): unknown => {
  const from = new ByteReader(bytes)
  const value = readValue(from)
  if (!from.done) throw new Error(`${bytes.length - from.at} bytes are left over`)
  return value
}

/** Text with everything in it that UTF-8 makes trouble with: lone surrogates, byte order marks, NUL, long runs. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('a', 'ä', '\ud83d', '\ude00', '\ud800', '\udfff', '\ufeff', '\ufffd', '\u0000', ':', '1'),
  }),
  fc.string({ minLength: 60, maxLength: 70 }),
)

export const scalars = fc.oneof(
  texts,
  fc.boolean(),
  fc.bigInt(),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.maxSafeInteger(),
)

const dates = fc.date({ noInvalidDate: false })
const leaves = fc.oneof(scalars, fc.constant(NaN), fc.constant(undefined), fc.constant(null), dates, fc.uint8Array())

/** Everything that state can hold. */
export const storable: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaves,
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(texts, fc.constantFrom('__proto__', 'length', '1', '')), tie('value'), {
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(scalars, tie('value'))).map((entries) => new Map(entries)),
    fc.array(scalars).map((items) => new Set(items)),
  ),
})).value
