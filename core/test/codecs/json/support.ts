import { isDeepStrictEqual } from 'node:util'
import { ByteWriter } from '../../../src/connector/byte-writer.ts'
import type { Codec, Decoder, Encoder } from '../../../src/connector/codec.ts'
import type { Slab } from '../../../src/connector/slab.ts'
import type { Field, Shape } from '../../../src/fields.ts'
import { isMillraceError } from '../../../src/errors.ts'
import { checked } from '../../../src/codecs/json/check.ts'
import { ParsingDecoder, type Reading } from '../../../src/codecs/json/decoder.ts'
import { shapePlan } from '../../../src/codecs/json/shape-plan.ts'

/** What became of one record. */
export type Outcome = { readonly record: unknown } | { readonly refused: unknown }

const utf8 = new TextEncoder()

export const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === 'string' ? utf8.encode(text) : text)

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Records side by side, without anything between them. */
function slabOf(records: readonly (string | Uint8Array)[]): Slab {
  const out = new ByteWriter()
  const ends: number[] = []
  for (const record of records) {
    out.bytes(bytesOf(record))
    ends.push(out.length)
  }
  return {
    bytes: out.take(),
    starts: Uint32Array.from([0, ...ends]),
    ends: Uint32Array.from(ends),
    length: records.length,
  }
}

/** What a decoder makes of each of these records. */
export function outcomes(decoder: Decoder<unknown>, records: readonly (string | Uint8Array)[]): Outcome[] {
  const slab = slabOf(records)
  const values: unknown[] = []
  const rows = new Int32Array(slab.length)
  const all: Outcome[] = []
  const count = decoder.decode(slab, 0, slab.length, values, rows, (row, refused) => (all[row] = { refused }))
  for (let i = 0; i < count; i++) all[rows[i]!] = { record: values[i] }
  return all
}

export const outcome = (decoder: Decoder<unknown>, record: string | Uint8Array): Outcome =>
  outcomes(decoder, [record])[0]!

/** The record, or the message with which it is refused. */
export function recordOrMessage(codec: Pick<Codec<unknown>, 'decoder'>, record: string | Uint8Array): unknown {
  const result = outcome(codec.decoder(), record)
  return 'record' in result ? result.record : String((result.refused as Error).message)
}

/** Equal to the last bit: −0 is not 0, absent is not undefined, and keys come in the same order. */
export const same = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b)

/** Both refuse, or both give the same record. */
export function agree(a: Outcome, b: Outcome): boolean {
  if ('refused' in a) return isMillraceError(a.refused) && 'refused' in b
  return 'record' in b && same(a.record, b.record)
}

/** The decoder that does without generated code. */
export function parsingDecoder(shape: Shape): Decoder<unknown> {
  const plan = shapePlan(shape)
  const reading: Reading<unknown> = { plan, narrow: (value) => checked(plan, value), finish: (value) => value }
  return new ParsingDecoder(reading)
}

export function encodedText(encoder: Encoder<never>, value: unknown): string {
  const out = new ByteWriter()
  encoder.encode(value as never, out)
  return textOf(out.take())
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** What a JSON codec of this shape must make of these bytes, in the fewest words. */
export function reference(shape: Shape, bytes: Uint8Array): Outcome {
  try {
    return { record: narrow({ kind: 'object', shape }, JSON.parse(strictUtf8.decode(bytes))) }
  } catch (refused) {
    return { refused }
  }
}

function narrow(field: Field<unknown>, value: unknown): unknown {
  const fits = (test: boolean): unknown => {
    if (test) return value
    throw new TypeError(`not ${field.kind}`)
  }
  switch (field.kind) {
    case 'string':
    case 'boolean':
      return fits(typeof value === field.kind)
    case 'number':
      return fits(typeof value === 'number' && Math.abs(value) < Infinity)
    case 'int':
      return fits(typeof value === 'number' && value % 1 === 0 && Math.abs(value) < 2 ** 53)
    case 'nullable':
      return value === null ? null : narrow(field.of!, value)
    case 'optional':
      return narrow(field.of!, value)
    case 'array':
      fits(Array.isArray(value))
      return (value as unknown[]).map((item) => narrow(field.of!, item))
    case 'object':
      fits(typeof value === 'object' && value !== null && !Array.isArray(value))
      return narrowFields(field.shape!, new Map(Object.entries(value as object)))
    default:
      throw new TypeError(`no ${field.kind} in a record`)
  }
}

function narrowFields(shape: Shape, own: ReadonlyMap<string, unknown>): object {
  const kept: [string, unknown][] = []
  for (const [name, field] of Object.entries(shape)) {
    const absent = defaultOf(field)
    if (own.has(name)) kept.push([name, narrow(field, own.get(name))])
    else if (absent !== undefined) kept.push([name, absent])
    else if (!isOptional(field)) throw new TypeError(`no ${name}`)
  }
  return Object.fromEntries(kept)
}

const isOptional = (field: Field<unknown>): boolean =>
  field.kind === 'optional' || (field.kind === 'nullable' && isOptional(field.of!))

const defaultOf = (field: Field<unknown>): unknown =>
  field.kind === 'optional' || field.kind === 'nullable' ? defaultOf(field.of!) : field.default
