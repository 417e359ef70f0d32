import { badOption } from '../errors.ts'
import type { Field } from '../fields.ts'

/** Text is parsed, a value of the right type is taken as it is. */
export function parseParam(name: string, field: Field<unknown>, given: unknown): unknown {
  if (field.kind === 'optional' && field.of) return parseParam(name, field.of, given)
  if (field.kind === 'array') return parseArray(name, field, given)
  const value = typeof given === 'string' ? fromText(field, given) : given
  if (isOf(field, value)) return value
  throw badOption(`${name}: ${JSON.stringify(given)} is not ${words[field.kind] ?? field.kind}`)
}

function parseArray(name: string, { of }: Field<unknown>, given: unknown): unknown {
  const items: unknown = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given
  if (!Array.isArray(items))
    throw badOption(`${name}: ${JSON.stringify(given)} is not a list; write items with commas between`)
  if (of === undefined || given === '') return []
  return items.map((item: unknown) => parseParam(name, of, item))
}

function fromText({ kind }: Field<unknown>, text: string): unknown {
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  if (kind !== 'int' && kind !== 'number') return text
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function isOf({ kind }: Field<unknown>, value: unknown): boolean {
  if (kind === 'int') return Number.isSafeInteger(value)
  if (kind === 'number') return Number.isFinite(value)
  return typeof value === kind
}

const words: { readonly [kind: string]: string } = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
}

/** True for what one text can give: a scalar, or a list of scalars. */
export function isFlat(field: Field<unknown> | undefined): boolean {
  if (field?.kind === 'optional') return isFlat(field.of)
  if (field?.kind === 'array') return field.of !== undefined && field.of.kind in words
  return field !== undefined && field.kind in words
}
