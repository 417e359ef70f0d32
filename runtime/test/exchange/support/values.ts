import fc from 'fast-check'

/** Text with everything in it that UTF-8 makes trouble with. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', 'ä', '\ud83d', '\ude00', '\ud800', '\udfff', '\ufeff', '\ufffd', '\u0000') }),
  fc.string({ minLength: 60, maxLength: 70 }),
)

/** Names that mean something to objects, to msgpackr or to the engine of the language. */
const names = fc.oneof(
  texts,
  fc.constantFrom('a', 'b', 'c', 'length', '1', '', '__proto__', '__keys__', 'constructor', 'toJSON', 'hasOwnProperty'),
)

/** What keys are. */
export const words: fc.Arbitrary<string | number | bigint | boolean> = fc.oneof(
  texts,
  fc.boolean(),
  fc.bigInt(),
  fc.double({ noNaN: true }),
  fc.constant(-0),
  fc.integer(),
  fc.maxSafeInteger(),
)

const leaves = fc.oneof(
  words,
  fc.constantFrom(NaN, Infinity, -Infinity, undefined, null),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
)

/** Everything that can be sent to another stage. */
export const sendable: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaves,
    fc.array(tie('value')),
    fc.dictionary(names, tie('value'), { noNullPrototype: true }),
    fc.record({ user: texts, at: leaves, tags: tie('value') }, { requiredKeys: ['user'], noNullPrototype: true }),
    fc.array(fc.tuple(words, tie('value'))).map((entries) => new Map(entries)),
    fc.array(words).map((items) => new Set(items)),
  ),
})).value

/** Parameters of a property: so many runs, and `RUNS` times as many where that is set. */
export const runs = (numRuns: number): { readonly numRuns: number } => ({
  numRuns: numRuns * Number(process.env['RUNS'] ?? 1),
})
