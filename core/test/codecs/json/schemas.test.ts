import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { json } from '../../../src/codecs/json.ts'
import { ScanningDecoder } from '../../../src/codecs/json/decoder.ts'
import { schemaPlan } from '../../../src/codecs/json/schema-plan.ts'
import type { StandardSchema } from '../../../src/codecs/json/standard-schema.ts'
import type { Codec } from '../../../src/connector/codec.ts'
import { codecConformance } from '../../../src/testing/codec-conformance.ts'
import { encodedText, outcome, recordOrMessage } from './support.ts'

const zod = z.object({
  page: z.string().min(1),
  ms: z.number(),
  at: z.int(),
  tags: z.array(z.string()).optional(),
  user: z.object({ name: z.string(), age: z.int().nullable() }),
})
const valibot = v.object({
  page: v.pipe(v.string(), v.minLength(1)),
  ms: v.number(),
  at: v.pipe(v.number(), v.safeInteger()),
  tags: v.optional(v.array(v.string())),
  user: v.object({ name: v.string(), age: v.nullable(v.pipe(v.number(), v.safeInteger())) }),
})
const arktype = type({
  page: 'string > 0',
  ms: 'number',
  at: 'number.integer',
  'tags?': 'string[]',
  user: { name: 'string', age: 'number.integer | null' },
})

const samples = [
  { page: '/p', ms: 1.5, at: 3, user: { name: 'Ada', age: 36 } },
  { page: 'Zoë', ms: -1e-7, at: 1_760_000_000_000, tags: [], user: { name: '', age: null } },
  { page: '"', ms: 0, at: -1, tags: ['a', '\n'], user: { name: '日本', age: 0 } },
]
const refused = [
  '',
  '{}',
  '[]',
  '{"page":"","ms":1,"at":1,"user":{"name":"","age":1}}',
  '{"page":"a","ms":1,"at":1.5,"user":{"name":"","age":1}}',
  '{"page":"a","ms":1,"at":1,"tags":null,"user":{"name":"","age":1}}',
  '{"page":"a","ms":"1","at":1,"user":{"name":"","age":1}}',
  '{"page":"a","ms":1,"at":1,"user":{"name":""}}',
  '{"page":"a","ms":1,"at":1,"user":{"name":"","age":1},"x":}',
]

const vendors: readonly (readonly [string, StandardSchema<unknown, (typeof samples)[number]>, boolean])[] = [
  ['zod', zod as never, true],
  // Valibot gives JSON Schema only by a package of its own.
  ['valibot', valibot as never, false],
  ['arktype', arktype as never, true],
]

describe.each(vendors)('a schema of %s', (_, schema, compiles) => {
  codecConformance({ test, expect, create: () => json(schema), samples, refused })

  test('is compiled, if it offers JSON Schema', () => {
    expect(json(schema).decoder() instanceof ScanningDecoder).toBe(compiles)
  })

  test('says what is wrong', () => {
    expect(recordOrMessage(json(schema), '{"page":"a","ms":1,"at":1,"user":{"name":5,"age":1}}')).toMatch(/user.name/)
  })
})

test('the type of a record is what the schema gives', () => {
  expectTypeOf(json(zod)).toEqualTypeOf<Codec<z.output<typeof zod>>>()
  expectTypeOf(json(valibot)).toEqualTypeOf<Codec<v.InferOutput<typeof valibot>>>()
  expectTypeOf(json(arktype)).toEqualTypeOf<Codec<typeof arktype.infer>>()
  expectTypeOf(json(z.object({ at: z.string().transform(Number) }))).toEqualTypeOf<Codec<{ at: number }>>()
})

test('a codec says whose schema it has and which fields', () => {
  expect(json(zod).description).toBe('json(zod { page, ms, at, tags?, user })')
  expect(json(valibot).description).toBe('json(valibot)')
})

describe('the validator', () => {
  test('decides, whatever the JSON Schema says: it coerces, transforms, refines and fills in', () => {
    const schema = z.object({
      count: z.coerce.number(),
      at: z.string().transform((text) => Date.parse(text)),
      when: z.coerce.date(),
      kind: z.enum(['a', 'b']).default('a'),
      even: z.number().refine((n) => n % 2 === 0, 'must be even'),
      either: z.union([z.string(), z.number()]),
      map: z.record(z.string(), z.number()),
      anything: z.unknown(),
    })
    const text =
      '{"count":"5","at":"1970-01-01T00:00:01Z","when":1000,"even":2,"either":1,"map":{"a":1},"anything":[{"b":null}],"other":1}'
    expect(recordOrMessage(json(schema), text)).toStrictEqual(schema.parse(JSON.parse(text)))
    expect(recordOrMessage(json(schema), text.replace('"even":2', '"even":3'))).toBe('even: must be even')
    expect(recordOrMessage(json(schema), text.replace('"b":null', '"b":nul'))).toContain('not JSON')
  })

  test('sees the fields that the schema does not allow, to refuse them', () => {
    const strict = z.object({ a: z.strictObject({ b: z.number() }) })
    expect(json(strict).decoder()).toBeInstanceOf(ScanningDecoder)
    expect(recordOrMessage(json(strict), '{"a":{"b":1},"c":2}')).toStrictEqual({ a: { b: 1 } })
    expect(recordOrMessage(json(strict), '{"a":{"b":1,"c":2}}')).toContain('c')
  })

  test('sees all fields of an object that takes any', () => {
    const loose = z.object({ a: z.looseObject({ b: z.number() }), c: z.object({ d: z.string() }).catchall(z.number()) })
    const text = '{"a":{"b":1,"x":[2]},"c":{"d":"","y":3},"z":4}'
    expect(recordOrMessage(json(loose), text)).toStrictEqual({ a: { b: 1, x: [2] }, c: { d: '', y: 3 } })
    expect(recordOrMessage(json(z.looseObject({ a: z.number() })), '{"a":1,"b":2}')).toStrictEqual({ a: 1, b: 2 })
  })

  test('takes the same record whichever way it is read', () => {
    const schema = z.object({ n: z.any(), s: z.string().nullish(), l: z.array(z.object({ k: z.number() })) })
    // Twice the same key is read by JSON.parse.
    for (const members of [
      '"n":1e400,"s":null,"l":[]',
      '"s":"a","l":[{"k":1,"x":2}],"n":{"a":[true]}',
      '"n":"a\\n","l":[{"k":-0}]',
    ]) {
      const [scanned, parsed] = [`{${members}}`, `{"n":0,${members}}`].map((text) =>
        recordOrMessage(json(schema), text),
      )
      expect(scanned).toStrictEqual(parsed)
      expect(scanned).toStrictEqual(schema.parse(JSON.parse(`{${members}}`)))
    }
  })

  test('reads a schema that refers to itself or to others', () => {
    const user = z.object({ name: z.string() }).meta({ id: 'User' })
    const tree = z.object({
      value: z.number(),
      get children() {
        return z.array(tree).optional()
      },
      by: user,
      to: user,
    })
    const text =
      '{"value":1,"children":[{"value":2,"by":{"name":"a"},"to":{"name":"b"}}],"by":{"name":"c"},"to":{"name":"d"}}'
    expect(recordOrMessage(json(tree), text)).toStrictEqual(JSON.parse(text))
  })

  test('refuses a record when it throws or answers with a promise', async () => {
    const answering = (validate: () => never | Promise<never>): StandardSchema => ({
      '~standard': { version: 1, vendor: 'test', validate },
    })
    const throwing = answering(() => {
      throw new Error('no')
    })
    expect(outcome(json(throwing).decoder(), '1')).toMatchObject({
      refused: { code: 'USER_CODE', cause: { message: 'no' } },
    })
    expect(recordOrMessage(json(answering(async () => Promise.reject(new Error('later')))), '1')).toContain('promise')
    expect(recordOrMessage(json(z.object({ a: z.string().refine(async () => true) })), '{"a":"b"}')).toContain(
      'promise',
    )
    // A promise that nobody waits for must not end the process.
    await new Promise(setImmediate)
  })
})

describe('the plan of a schema', () => {
  const vendor = (input: Record<string, unknown>): StandardSchema => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => input, output: () => input },
    },
  })
  const kinds = (schema: Record<string, unknown>): unknown =>
    schemaPlan(vendor({ type: 'object', properties: { field: schema } }), 'input')?.fields.map(
      ({ value: { kind, nullable } }) => `${kind}${nullable ? '?' : ''}`,
    )[0]

  test.each([
    [{ type: 'string' }, 'string'],
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string?'],
    [{ type: ['string', 'number'] }, 'any?'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string?'],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 'any?'],
    [{ anyOf: [{ type: 'object', properties: {} }, { type: 'null' }], properties: { a: {} } }, 'any?'],
    [{ enum: ['a', 'b'] }, 'string'],
    [{ enum: ['a', null] }, 'string?'],
    [{ enum: ['a', 1] }, 'any?'],
    [{ const: 3 }, 'number'],
    [{ const: null }, 'any?'],
    [{}, 'any?'],
    [{ type: 'array' }, 'array'],
    [{ type: 'array', prefixItems: [] }, 'any?'],
    [{ type: 'object' }, 'any?'],
    [{ type: 'object', properties: {} }, 'object'],
    [{ type: 'object', properties: {}, additionalProperties: {} }, 'any?'],
    [{ type: 'object', properties: {}, allOf: [] }, 'any?'],
    [{ type: 'object', properties: { ['__proto__']: {} } }, 'any?'],
    [{ type: 'toString' }, 'any?'],
    [{ $ref: '#/$defs/nothing' }, 'any?'],
    [true, 'any?'],
  ])('takes %j for %s', (schema, kind) => {
    expect(kinds(schema as Record<string, unknown>)).toBe(kind)
  })

  test('is none where the schema has no fields, or no JSON Schema', () => {
    expect(schemaPlan(z.array(z.string()), 'input')).toBeUndefined()
    expect(schemaPlan(z.looseObject({}), 'input')).toBeUndefined()
    expect(schemaPlan(z.object({}).nullable(), 'input')).toBeUndefined()
    expect(schemaPlan(valibot, 'input')).toBeUndefined()
    expect(
      schemaPlan(
        {
          '~standard': {
            ...zod['~standard'],
            vendor: 'test',
            jsonSchema: {
              input: () => {
                throw new Error('cannot')
              },
            },
          },
        } as never,
        'input',
      ),
    ).toBeUndefined()
  })
})

describe('what is encoded with a schema', () => {
  test('is what it gives, by its output JSON Schema where it has one', () => {
    const codec = json(z.object({ at: z.string().transform((text) => new Date(text)), n: z.number().default(1) }))
    expect(encodedText(codec.encoder(), { at: new Date(0), n: 1, other: 2 })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","n":1}',
    )
    expect(() => encodedText(codec.encoder(), { at: new Date(0), n: NaN })).toThrow(
      expect.objectContaining({ code: 'BAD_RECORD' }),
    )
    expect(encodedText(json(valibot).encoder(), { ...samples[0], extra: 1 })).toBe(
      JSON.stringify({ ...samples[0], extra: 1 }),
    )
  })
})
