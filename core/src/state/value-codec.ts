import type { ByteWriter } from '../connector/byte-writer.ts'
import { MillraceError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'

/**
 * The stored form of keys and state: one tag byte a value. Keeps what JSON loses (undefined, bigint, Date, Map, Set,
 * bytes, −0, NaN, infinities); refuses functions, symbols and instances of classes. Tags are never reused.
 */
const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** Integers from 0, as a varint. */
  int: 4,
  /** Integers below 0, as a varint of −n. */
  negative: 5,
  float64: 6,
  string: 7,
  bigint: 8,
  date: 9,
  array: 10,
  object: 11,
  map: 12,
  set: 13,
  bytes: 14,
} as const

const utf8 = new TextEncoder()

/** Writes a length and the UTF-8 bytes of `text`. */
export function writeText(out: ByteWriter, text: string): void {
  // Short ASCII, nearly every key: the length is known before the bytes.
  if (text.length < 64 && isAscii(text)) {
    out.varint(text.length)
    out.text(text)
    return
  }
  const bytes = utf8.encode(text)
  out.varint(bytes.length)
  out.bytes(bytes)
}

/** Reads what {@link writeText} wrote. */
export const readText = (from: ByteReader): string => from.text(from.varint())

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** Appends a value. Throws a MillraceError USER_CODE for what state cannot hold. */
export function writeValue(out: ByteWriter, value: unknown): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(out, value)
    case 'string':
      out.byte(tag.string)
      return writeText(out, value)
    case 'boolean':
      return out.byte(value ? tag.true : tag.false)
    case 'undefined':
      return out.byte(tag.undefined)
    case 'bigint':
      out.byte(tag.bigint)
      return writeText(out, value.toString(36))
    case 'object':
      return value === null ? out.byte(tag.null) : writeObject(out, value)
    case 'function':
    case 'symbol':
      throw new MillraceError('USER_CODE', `a ${typeof value} cannot be kept in state`)
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    out.byte(value < 0 ? tag.negative : tag.int)
    return out.varint(Math.abs(value))
  }
  out.byte(tag.float64)
  out.float64(value)
}

function writeObject(out: ByteWriter, value: object): void {
  if (Array.isArray(value)) return writeItems(out, tag.array, value.length, value)
  if (value instanceof Map) {
    out.byte(tag.map)
    out.varint(value.size)
    for (const [key, item] of value) {
      writeValue(out, key)
      writeValue(out, item)
    }
    return
  }
  if (value instanceof Set) return writeItems(out, tag.set, value.size, value)
  if (value instanceof Date) {
    out.byte(tag.date)
    return out.float64(value.getTime())
  }
  if (value instanceof Uint8Array) {
    out.byte(tag.bytes)
    out.varint(value.length)
    return out.bytes(value)
  }
  writeRecord(out, value)
}

function writeItems(out: ByteWriter, kind: number, size: number, items: Iterable<unknown>): void {
  out.byte(kind)
  out.varint(size)
  for (const item of items) writeValue(out, item)
}

function writeRecord(out: ByteWriter, value: object): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new MillraceError(
      'USER_CODE',
      `an instance of ${value.constructor.name} cannot be kept in state: only plain objects, arrays, Map, Set, Date and bytes can`,
    )
  }
  const entries = Object.entries(value)
  out.byte(tag.object)
  out.varint(entries.length)
  for (const [name, item] of entries) {
    writeText(out, name)
    writeValue(out, item)
  }
}

/** Reads what {@link writeValue} wrote. Throws CORRUPT_STATE for an unknown tag or a cut value. */
export function readValue(from: ByteReader): unknown {
  const kind = from.byte()
  switch (kind) {
    case tag.undefined:
      return undefined
    case tag.null:
      return null
    case tag.false:
      return false
    case tag.true:
      return true
    case tag.int:
      return from.varint()
    case tag.negative:
      return -from.varint()
    case tag.float64:
      return from.float64()
    case tag.string:
      return readText(from)
    case tag.bigint:
      return readBigint(readText(from))
    case tag.date:
      return new Date(from.float64())
    case tag.array:
      return readItems(from)
    case tag.object:
      return readRecord(from)
    case tag.map:
      return readMap(from)
    case tag.set:
      return new Set(readItems(from))
    case tag.bytes:
      return from.bytes(from.varint()).slice()
    default:
      throw new MillraceError('CORRUPT_STATE', `stored state has a value of unknown kind ${kind} at byte ${from.at - 1}`)
  }
}

function readItems(from: ByteReader): unknown[] {
  const items: unknown[] = []
  for (let left = from.varint(); left > 0; left--) items.push(readValue(from))
  return items
}

function readMap(from: ByteReader): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (let left = from.varint(); left > 0; left--) {
    const key = readValue(from)
    map.set(key, readValue(from))
  }
  return map
}

function readRecord(from: ByteReader): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (let left = from.varint(); left > 0; left--) {
    const name = readText(from)
    const value = readValue(from)
    if (name === '__proto__') Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
    else record[name] = value
  }
  return record
}

/** Base 36, as `bigint.toString(36)` writes it. */
function readBigint(text: string): bigint {
  let value = 0n
  for (const digit of text.replace('-', '')) value = value * 36n + BigInt(Number.parseInt(digit, 36))
  return text.startsWith('-') ? -value : value
}
