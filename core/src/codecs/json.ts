import type { Codec, Decoder, Encoder } from '../connector/codec.ts'
import type { OfShape, Shape } from '../fields.ts'
import { checked, projected } from './json/check.ts'
import { jsonDecoder, type Reading } from './json/decoder.ts'
import { jsonEncoder } from './json/encoder.ts'
import type { ObjectPlan } from './json/plan.ts'
import { schemaPlan } from './json/schema-plan.ts'
import { shapePlan } from './json/shape-plan.ts'
import { isStandardSchema, type SchemaOutput, type StandardSchema } from './json/standard-schema.ts'
import { validated } from './json/validate.ts'

/** The three ways to call {@link json}. */
export interface JsonCodecFactory {
  /**
   * Records that a schema accepts (Zod, Valibot, ArkType, any Standard Schema). The fields are read from the JSON Schema
   * that it offers as `~standard.jsonSchema`, if it does: the validator is then given those alone, and decoding is
   * several times faster. Validation must be synchronous.
   */
  <S extends StandardSchema>(schema: S): Codec<SchemaOutput<S>>
  /** Records of these fields. The fastest. */
  <const S extends Shape>(fields: S): Codec<OfShape<S>>
  /** Any JSON value, unchecked: `T` is what you say it is. */
  <T = unknown>(): Codec<T>
}

/**
 * JSON, one value a record.
 *
 * Decoding gives what `JSON.parse` gives, narrowed to the declared fields, in the order in which they are declared; an
 * optional field that is absent is an absent property. A record is refused as BAD_RECORD when any part of it is not UTF-8
 * or not JSON, or a field is missing, null or of another type than declared; `int()` takes whole numbers of at most
 * 2^53 − 1 in size, however they are written, `number()` finite ones. A byte order mark before a record is skipped.
 *
 * Encoding gives what `JSON.stringify` gives for the declared fields. It refuses what would not decode again: a value
 * of another type, NaN and the infinities. Without declared fields it is `JSON.stringify`, which writes null for those.
 * A schema's records are written by its output JSON Schema.
 *
 * @example
 * ```ts
 * json({ page: string(), at: int(), tags: optional(array(string())), user: object({ name: string() }) })
 * ```
 */
export const json: JsonCodecFactory = ((declared?: StandardSchema | Shape): Codec<unknown> => {
  if (declared === undefined) return anyJson
  return isStandardSchema(declared) ? schemaJson(declared) : shapeJson(declared)
}) as JsonCodecFactory

const keep = (value: unknown): unknown => value

const anyJson = jsonCodec('json', { plan: undefined, narrow: keep, finish: keep }, undefined)

function shapeJson(shape: Shape): Codec<unknown> {
  const plan = shapePlan(shape)
  const narrow = (value: unknown): unknown => checked(plan, value)
  return jsonCodec(`json(${fieldsText(plan)})`, { plan, narrow, finish: keep }, plan)
}

function schemaJson(schema: StandardSchema): Codec<unknown> {
  const { '~standard': standard } = schema
  const plan = schemaPlan(schema, 'input')
  const narrow = plan === undefined ? keep : (value: unknown): unknown => projected(plan, value)
  const finish = (value: unknown): unknown => validated(standard, value)
  const fields = plan === undefined ? '' : ` ${fieldsText(plan)}`
  return jsonCodec(`json(${standard.vendor}${fields})`, { plan, narrow, finish }, schemaPlan(schema, 'output'))
}

function jsonCodec(description: string, reading: Reading<unknown>, output: ObjectPlan | undefined): Codec<unknown> {
  const decoder = (): Decoder<unknown> => jsonDecoder(reading)
  const encoder = (): Encoder<unknown> => jsonEncoder(output)
  return Object.freeze({ contentType: 'application/json', description, decoder, encoder })
}

const fieldsText = ({ fields }: ObjectPlan): string =>
  fields.length === 0 ? '{}' : `{ ${fields.map(({ name, optional }) => `${name}${optional ? '?' : ''}`).join(', ')} }`
