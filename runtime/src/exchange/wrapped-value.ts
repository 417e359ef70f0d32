import { MillraceError } from '@millrace/core'
import { deepest, isInt64, isOrdinaryName } from './plain-value.ts'

/**
 * What msgpackr would lose, said in what it keeps: every array is a tag and what belongs to it, plain objects stay
 * objects. Keeps what state keeps, and refuses what state refuses. Tags are never reused.
 */
const tag = {
  /** Items. */
  array: 0,
  /** Names and values by turns: an object with a name of its own kind. */
  fields: 1,
  /** Keys and values by turns. */
  map: 2,
  set: 3,
  /** Milliseconds since 1970, or NaN. */
  date: 4,
  negativeZero: 5,
  /** Hexadecimal, for those beyond 64 bits. */
  bigint: 6,
  /** UTF-16, for text with lone surrogates. */
  units: 7,
} as const

/** Throws USER_CODE for what cannot be sent. */
export function wrap(value: unknown, depth: number = 0): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : [tag.units, Buffer.from(value, 'utf16le')]
    case 'number':
      return Object.is(value, -0) ? [tag.negativeZero] : value
    case 'bigint':
      return isInt64(value) ? value : [tag.bigint, value.toString(16)]
    case 'object':
      return value === null ? null : wrapObject(value, depth + 1)
    case 'boolean':
    case 'undefined':
      return value
    case 'function':
    case 'symbol':
      throw refused(`a ${typeof value}`)
  }
}

function wrapObject(value: object, depth: number): unknown {
  if (depth > deepest) throw refused(`a value nested more than ${deepest} deep, which may contain itself,`)
  if (Array.isArray(value)) return [tag.array, ...wrapAll(value, depth)]
  if (value instanceof Map) return [tag.map, ...wrapAll([...value].flat(), depth)]
  if (value instanceof Set) return [tag.set, ...wrapAll(value, depth)]
  if (value instanceof Date) return [tag.date, value.getTime()]
  if (value instanceof Uint8Array) return value
  return wrapRecord(value, depth)
}

const wrapAll = (values: Iterable<unknown>, depth: number): unknown[] =>
  Array.from(values, (value) => wrap(value, depth))

function wrapRecord(value: object, depth: number): unknown {
  checkPrototype(value)
  const entries = Object.entries(value)
  if (!entries.every(([name]) => isOrdinaryName(name))) return [tag.fields, ...wrapAll(entries.flat(), depth)]
  const wrapped: Record<string, unknown> = {}
  for (const [name, item] of entries) wrapped[name] = wrap(item, depth)
  return wrapped
}

function checkPrototype(value: object): void {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null
  if (prototype === Object.prototype || prototype === null) return
  const { constructor } = prototype
  const isNamed = typeof constructor === 'function' && constructor !== Object
  throw refused(isNamed ? `an instance of ${constructor.name}` : 'an object with a prototype of its own')
}

const refused = (what: string): MillraceError =>
  new MillraceError(
    'USER_CODE',
    `${what} cannot be sent to another stage: only plain objects, arrays, Map, Set, Date, bytes and what JSON has can`,
  )

/** What was wrapped; may change the objects that it is given. */
export function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return unwrapTagged(value)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  const record = value as Record<string, unknown>
  for (const name of Object.keys(record)) record[name] = unwrap(record[name])
  return record
}

function unwrapTagged([kind, ...items]: unknown[]): unknown {
  switch (kind) {
    case tag.array:
      return items.map(unwrap)
    case tag.fields:
      return recordOf(items.map(unwrap))
    case tag.map:
      return new Map(pairs(items.map(unwrap)))
    case tag.set:
      return new Set(items.map(unwrap))
    case tag.date:
      return new Date(Number(items[0]))
    case tag.negativeZero:
      return -0
    case tag.bigint:
      return bigintOf(String(items[0]))
    case tag.units:
      return Buffer.from(items[0] as Uint8Array).toString('utf16le')
    default:
      throw new Error(`it has a value of unknown kind ${String(kind)}`)
  }
}

const pairs = (items: readonly unknown[]): [unknown, unknown][] =>
  Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]])

/** Defined, not set: a field may be called `__proto__`. */
function recordOf(items: readonly unknown[]): object {
  const record = {}
  for (const [name, value] of pairs(items))
    Object.defineProperty(record, String(name), { value, enumerable: true, writable: true, configurable: true })
  return record
}

const bigintOf = (hex: string): bigint => (hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`))
