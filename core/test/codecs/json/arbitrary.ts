import fc from 'fast-check'
import {
  array,
  boolean,
  int,
  nullable,
  number,
  object,
  optional,
  string,
  type Field,
  type Shape,
} from '../../../src/fields.ts'

const fieldNames = [
  'a',
  'b',
  'at',
  'page',
  'user',
  'constructor',
  'toString',
  'é',
  'a"',
  '\\b',
  '0',
  '10',
  'long name with spaces in it',
  '😀',
  'x\n',
]

/** Names of fields, declared and other. */
const names: fc.Arbitrary<string> = fc
  .oneof(fc.constantFrom(...fieldNames, '', '__proto__', 'id'), fc.string({ maxLength: 5 }))
  .filter(isSafeKey)

/**
 * V8's `JSON.parse` (seen in 13.6) takes a key of one character that is written as an escape, such as `"\n"`, for the key
 * `"\\"` once it has seen that in the same place. What it answers is then no reference.
 */
function isSafeKey(name: string): boolean {
  return name.length !== 1 || JSON.stringify(name).length === 3
}

/** JSON text of a value, in any of the many ways to write it. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{
  value: string
  scalar: string
  list: string
  object: string
}>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('scalar'), tie('list'), tie('object')),
  scalar: fc.oneof(numberText(), stringText(fc.string({ unit: 'grapheme' })), fc.constantFrom('true', 'false', 'null')),
  list: fc
    .tuple(fc.array(tie('value'), { maxLength: 4 }), blanks())
    .map(([items, blank]) => `[${blank}${items.join(`${blank},${blank}`)}${blank}]`),
  object: fc
    .tuple(fc.array(fc.tuple(keyText(names), tie('value')), { maxLength: 4 }), blanks())
    .map(([members, blank]) => objectText(members, blank)),
})).value

function objectText(members: readonly (readonly [string, string])[], blank: string): string {
  const each = members.map(([key, value]) => `${key}${blank}:${blank}${value}`)
  return `{${blank}${each.join(`${blank},${blank}`)}${blank}}`
}

/** White space: mostly none. */
function blanks(): fc.Arbitrary<string> {
  const some = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 5 })
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constant(' ') },
    { weight: 1, arbitrary: some },
  )
}

/** Numbers as they are met, and as they are written by nobody. */
function numberText(): fc.Arbitrary<string> {
  const digits = fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: 22 })
  const odd = fc.tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      digits.map((all) => all.replace(/^0+(?=\d)/, '')),
      digits,
    ),
    fc.oneof(
      fc.constant(''),
      digits.map((all) => `.${all}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'E-'), fc.nat(400)).map((parts) => parts.join('')),
    ),
  )
  return fc.oneof(
    fc.integer().map(String),
    fc.maxSafeInteger().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.integer(), fc.nat(9999)).map(([whole, part]) => `${whole}.${part}`),
    fc.constantFrom(
      '0',
      '-0',
      '-0.0',
      '0.0',
      '1e2',
      '1E400',
      '-1e400',
      '1e-400',
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '-9007199254740992',
      '123456789012345',
      '1234567890123456',
      '12345678901234567',
      '1760000000000',
      '01',
      '-',
      '1.',
      '.5',
      '+1',
      '0x10',
      '00',
    ),
    odd.map((parts) => parts.join('')),
  )
}

function keyText(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    of.map((name) => JSON.stringify(name)),
    stringText(of.filter((name) => name.length !== 1)),
  )
}

/** A string, each character by itself, by its short escape, or by its number. */
function stringText(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const plainly = of.map((text) => JSON.stringify(text))
  const escaped = fc.tuple(of, fc.nat()).map(([text, seed]) => {
    const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
    const units = codes.map((code, i) => {
      const way = (seed >> (i % 29)) % 6
      const short = JSON.stringify(String.fromCharCode(code)).slice(1, -1)
      if (way === 0) return `\\u${code.toString(16).padStart(4, '0')}`
      if (way === 1) return `\\u${code.toString(16).padStart(4, '0').toUpperCase()}`
      return code === 0x2f && way === 2 ? '\\/' : short.length > 1 ? short : String.fromCharCode(code)
    })
    return `"${units.join('')}"`
  })
  return fc.oneof({ weight: 3, arbitrary: plainly }, { weight: 1, arbitrary: escaped })
}

/** Declared fields, of any kind. */
export const shape: fc.Arbitrary<Shape> = fc.letrec<{
  field: Field<unknown>
  item: Field<unknown>
  plain: Field<unknown>
  shape: Shape
}>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Field<unknown>>(string(), int(), number(), boolean()),
    tie('item').map((of) => array(of)),
    tie('shape').map((inner) => object(inner)),
  ),
  item: fc.oneof(
    { weight: 3, arbitrary: tie('plain') },
    { weight: 1, arbitrary: tie('plain').map((of) => nullable(of)) },
  ),
  field: fc.oneof(
    { weight: 4, arbitrary: tie('item') },
    { weight: 2, arbitrary: tie('item').map((of) => optional(of)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Field<unknown>>(
        string({ default: 'none' }),
        int({ default: 5 }),
        boolean({ default: true }),
      ),
    },
  ),
  shape: fc.dictionary(fc.constantFrom(...fieldNames), tie('field'), { maxKeys: 5, noNullPrototype: true }),
})).shape

/** Text of a record that mostly has the fields of a shape: in any order, twice, of a wrong type, among others. */
export function recordText(of: Shape): fc.Arbitrary<string> {
  const members = Object.entries(of).map(([name, field]) => memberText(name, field))
  const others = fc.array(fc.tuple(keyText(names), jsonText), { maxLength: 2 })
  return fc
    .tuple(fc.tuple(...members), others, blanks(), blanks(), fc.integer({ min: 0, max: 9 }))
    .chain(([known, unknown, blank, end, dice]) => {
      const all = [...known.flat(), ...unknown]
      const ordered = dice < 6 ? fc.constant(all) : fc.shuffledSubarray(all, dice < 9 ? { minLength: all.length } : {})
      return ordered.map((inOrder) => `${dice === 5 ? blank : ''}${objectText(inOrder, blank)}${end}`)
    })
}

type Member = readonly [key: string, value: string]

function memberText(name: string, field: Field<unknown>): fc.Arbitrary<Member[]> {
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constant(JSON.stringify(name)) },
    { weight: 1, arbitrary: name.length === 1 ? fc.constant(JSON.stringify(name)) : stringText(fc.constant(name)) },
  )
  const one = fc.tuple(key, valueText(field))
  const missing = field.kind === 'optional' || field.default !== undefined ? 8 : 1
  return fc.oneof(
    { weight: 40, arbitrary: one.map((member) => [member]) },
    { weight: missing, arbitrary: fc.constant<Member[]>([]) },
    { weight: 1, arbitrary: fc.tuple(one, one).map((both): Member[] => [...both]) },
  )
}

function valueText(field: Field<unknown>): fc.Arbitrary<string> {
  const usual = fittingText(field)
  return fc.oneof(
    { weight: 60, arbitrary: usual },
    { weight: 1, arbitrary: jsonText },
    { weight: 1, arbitrary: fc.constant('null') },
  )
}

function fittingText(field: Field<unknown>): fc.Arbitrary<string> {
  switch (field.kind) {
    case 'string':
      return stringText(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'grapheme' }),
          fc.string({ unit: 'binary' }),
          fc.constantFrom('GET', '/p/0001', '/p/0002'),
        ),
      )
    case 'int':
      return fc.oneof(fc.maxSafeInteger().map(String), fc.nat(2000).map(String), numberText())
    case 'number':
      return numberText()
    case 'boolean':
      return fc.constantFrom('true', 'false')
    case 'array':
      return fc
        .tuple(fc.array(valueText(field.of!), { maxLength: 4 }), blanks())
        .map(([items, blank]) => `[${blank}${items.join(`${blank},${blank}`)}${blank}]`)
    case 'object':
      return recordText(field.shape!).map((text) => text.trim())
    case 'nullable':
      return fc.oneof({ weight: 3, arbitrary: fittingText(field.of!) }, { weight: 1, arbitrary: fc.constant('null') })
    default:
      return fittingText(field.of!)
  }
}

/** Bytes of text with some of them changed, lost or added. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const telling = fc.constantFrom(
    ...Array.from('{}[]":,\\0-.eEtfnu \n\t/', (letter) => letter.charCodeAt(0)),
    0,
    0x1f,
    0x7f,
    0x80,
    0xc3,
    0xe2,
    0xed,
    0xf0,
    0xff,
  )
  const byte = fc.oneof(telling, fc.nat(255))
  const change = fc.record({
    at: fc.nat(Math.max(bytes.length - 1, 0)),
    remove: fc.nat(2),
    insert: fc.array(byte, { maxLength: 2 }),
  })
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const all = [...bytes]
    for (const { at, remove, insert } of changes) all.splice(at, remove, ...insert)
    return Uint8Array.from(all)
  })
}
