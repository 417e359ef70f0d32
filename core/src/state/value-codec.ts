import type { ByteWriter } from '../connector/byte-writer.ts'
import { MillraceError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'

/**
 * The stored form of keys and state: one tag byte a value. Keeps what JSON loses (undefined, bigint, Date, Map, Set,
 * bytes, −0, NaN, infinities, lone surrogates); refuses functions, symbols and instances of classes. Different texts and
 * numbers have different forms, so that keys can be told apart by their bytes. Tags are never reused.
 */
export const tag = {
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
  /** Text that UTF-8 cannot say, for lone surrogates in it: two bytes a code unit. */
  units: 15,
  /** An object with such text for a name: like a map. */
  fields: 16,
} as const

/** How deep values may lie in each other: enough for all data, and short of what the stack holds. */
const deepest = 500

const utf8 = new TextEncoder()

const loneSurrogate = /\p{Surrogate}/u

/** Writes a length and the UTF-8 bytes of `text`. */
export function writeText(out: ByteWriter, text: string): void {
  if (isShort(text)) writeShort(out, text)
  else writeLong(out, text)
}

/** Texts below this length have one byte for each character, if all are ASCII, and one for the length. */
export const shortLength = 64

/** Short ASCII, nearly every key: the length is known before the bytes. */
function isShort(text: string): boolean {
  if (text.length >= shortLength) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

function writeShort(out: ByteWriter, text: string): void {
  out.varint(text.length)
  out.text(text)
}

function writeLong(out: ByteWriter, text: string): void {
  const bytes = utf8.encode(text)
  out.varint(bytes.length)
  out.bytes(bytes)
}

/** Reads what {@link writeText} wrote. */
export const readText = (from: ByteReader): string => from.text(from.varint())

/** Appends a value. Throws a MillraceError USER_CODE for what state cannot hold. */
export function writeValue(out: ByteWriter, value: unknown, depth: number = 0): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(out, value)
    case 'string':
      return writeString(out, value)
    case 'boolean':
      return out.byte(value ? tag.true : tag.false)
    case 'undefined':
      return out.byte(tag.undefined)
    case 'bigint':
      out.byte(tag.bigint)
      return writeText(out, value.toString(36))
    case 'object':
      return value === null ? out.byte(tag.null) : writeObject(out, value, depth + 1)
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

function writeString(out: ByteWriter, text: string): void {
  if (isShort(text)) {
    out.byte(tag.string)
    return writeShort(out, text)
  }
  if (!loneSurrogate.test(text)) {
    out.byte(tag.string)
    return writeLong(out, text)
  }
  out.byte(tag.units)
  out.varint(text.length)
  for (let i = 0; i < text.length; i++) {
    out.byte(text.charCodeAt(i) & 255)
    out.byte(text.charCodeAt(i) >>> 8)
  }
}

function writeObject(out: ByteWriter, value: object, depth: number): void {
  if (depth > deepest)
    throw new MillraceError(
      'USER_CODE',
      `a value nested more than ${deepest} deep cannot be kept in state; it may contain itself`,
    )
  if (Array.isArray(value)) return writeItems(out, tag.array, value.length, value, depth)
  if (value instanceof Map) return writeEntries(out, tag.map, value.size, value, depth)
  if (value instanceof Set) return writeItems(out, tag.set, value.size, value, depth)
  if (value instanceof Date) {
    out.byte(tag.date)
    return out.float64(value.getTime())
  }
  if (value instanceof Uint8Array) {
    out.byte(tag.bytes)
    out.varint(value.length)
    return out.bytes(value)
  }
  writeRecord(out, value, depth)
}

function writeItems(out: ByteWriter, kind: number, size: number, items: Iterable<unknown>, depth: number): void {
  out.byte(kind)
  out.varint(size)
  for (const item of items) writeValue(out, item, depth)
}

function writeEntries(
  out: ByteWriter,
  kind: number,
  size: number,
  entries: Iterable<readonly [unknown, unknown]>,
  depth: number,
): void {
  out.byte(kind)
  out.varint(size)
  for (const [key, item] of entries) {
    writeValue(out, key, depth)
    writeValue(out, item, depth)
  }
}

function writeRecord(out: ByteWriter, value: object, depth: number): void {
  checkPlain(value)
  const entries = Object.entries(value)
  if (entries.some(([name]) => !isShort(name) && loneSurrogate.test(name))) {
    return writeEntries(out, tag.fields, entries.length, entries, depth)
  }
  out.byte(tag.object)
  out.varint(entries.length)
  for (const [name, item] of entries) {
    writeText(out, name)
    writeValue(out, item, depth)
  }
}

function checkPlain(value: object): void {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null
  if (prototype === Object.prototype || prototype === null) return
  const { constructor } = prototype
  const what =
    typeof constructor === 'function' && constructor !== Object
      ? `an instance of ${constructor.name}`
      : 'an object with a prototype of its own'
  throw new MillraceError(
    'USER_CODE',
    `${what} cannot be kept in state: only plain objects, arrays, Map, Set, Date and bytes can`,
  )
}

/** Reads what {@link writeValue} wrote. Throws CORRUPT_STATE for an unknown tag or a cut value. */
export function readValue(from: ByteReader, depth: number = 0): unknown {
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
    case tag.units:
      return readUnits(from)
    case tag.bigint:
      return readBigint(from)
    case tag.date:
      return new Date(from.float64())
    case tag.bytes:
      return from.bytes(from.varint()).slice()
    default:
      if (depth === deepest) throw corrupt(from, 'a value that lies too deep')
      return readNested(from, kind, depth + 1)
  }
}

function readNested(from: ByteReader, kind: number, depth: number): unknown {
  switch (kind) {
    case tag.array:
      return readItems(from, depth)
    case tag.object:
      return readRecord(from, depth, readText)
    case tag.fields:
      return readRecord(from, depth, (name) => String(readValue(name, depth)))
    case tag.map:
      return readMap(from, depth)
    case tag.set:
      return new Set(readItems(from, depth))
    default:
      throw corrupt(from, `a value of unknown kind ${kind}`)
  }
}

function readUnits(from: ByteReader): string {
  const bytes = from.bytes(from.varint() * 2)
  let text = ''
  for (let i = 0; i < bytes.length; i += 2) text += String.fromCharCode((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8))
  return text
}

function readItems(from: ByteReader, depth: number): unknown[] {
  const items: unknown[] = []
  for (let left = from.varint(); left > 0; left--) items.push(readValue(from, depth))
  return items
}

function readMap(from: ByteReader, depth: number): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (let left = from.varint(); left > 0; left--) {
    const key = readValue(from, depth)
    map.set(key, readValue(from, depth))
  }
  return map
}

function readRecord(from: ByteReader, depth: number, readName: (from: ByteReader) => string): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (let left = from.varint(); left > 0; left--) {
    const name = readName(from)
    const value = readValue(from, depth)
    if (name === '__proto__')
      Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
    else record[name] = value
  }
  return record
}

/** Base 36, as `bigint.toString(36)` writes it. */
function readBigint(from: ByteReader): bigint {
  const text = readText(from)
  if (!/^-?[0-9a-z]+$/.test(text)) throw corrupt(from, 'a bigint that is none')
  let value = 0n
  for (const digit of text.replace('-', '')) value = value * 36n + BigInt(Number.parseInt(digit, 36))
  return text.startsWith('-') ? -value : value
}

const corrupt = (from: ByteReader, what: string): MillraceError =>
  new MillraceError('CORRUPT_STATE', `stored state has ${what} before byte ${from.at}`)
