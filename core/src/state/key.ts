import { MillraceError } from '../errors.ts'
import type { Selector } from '../topology/node.ts'

/** What records can be keyed by. Several fields make one text, see {@link joinKey}. */
export type Key = string | number | bigint | boolean

/**
 * The key that `key` is; throws BAD_KEY when it is none. −0 is 0, as in a Map: stored and hashed they would differ.
 * Only what is no string has to be asked about.
 */
export function checkKey(key: unknown): Key {
  if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key
  if (typeof key === 'number' && !Number.isNaN(key)) return key === 0 ? 0 : key
  throw new MillraceError('BAD_KEY', `the key is ${describe(key)}; a key is a string, number, bigint or boolean`)
}

/** An order of keys that is the same in every run; of no meaning beside that. */
export function compareKeys(a: Key, b: Key): number {
  const [textA, textB] = [String(a), String(b)]
  if (textA !== textB) return textA < textB ? -1 : 1
  return typeof a === typeof b ? 0 : typeof a < typeof b ? -1 : 1
}

const describe = (value: unknown): string =>
  value === null ? 'null' : value === undefined ? 'missing' : Number.isNaN(value) ? 'NaN' : `of type ${typeof value}`

/** One text for several scalars, different for different scalars: each as kind, length and text. */
export function joinKey(parts: readonly unknown[]): string {
  let joined = ''
  for (const part of parts) {
    if (typeof part !== 'string') checkKey(part)
    const text = String(part)
    joined += `${(typeof part).slice(0, 2)}${text.length}:${text}`
  }
  return joined
}

/** The scalars that {@link joinKey} joined. */
export function splitKey(joined: string): Key[] {
  const parts: Key[] = []
  for (let at = 0; at < joined.length;) {
    const colon = joined.indexOf(':', at)
    const end = colon + 1 + Number(joined.slice(at + 2, colon))
    parts.push(scalar(joined.slice(at, at + 2), joined.slice(colon + 1, end)))
    at = end
  }
  return parts
}

function scalar(kind: string, text: string): Key {
  if (kind === 'nu') return Number(text)
  if (kind === 'bo') return text === 'true'
  return kind === 'bi' ? BigInt(text) : text
}

/** The function that a {@link Selector} stands for; the value it gives is not checked yet. */
export function selectKey(by: Selector): (value: never) => unknown {
  if (typeof by === 'function') return by
  if (typeof by === 'string') return selectField(by)
  const fields = by.map(selectField)
  return (value) => joinKey(fields.map((field) => field(value)))
}

/** Reads a field. One function a call site, so that each keeps a cache of its own for the shape of its records. */
export function selectField(name: string): (value: never) => unknown {
  return (value: Readonly<Record<string, unknown>>) => value[name]
}

/**
 * The exchange partition of a key: FNV-1a (32 bits) over the stored form of the key, then mixed (the finaliser of
 * MurmurHash3), modulo the number of partitions. Part of the stored format: test vectors in `key.test.ts`.
 */
export function keyPartition(stored: Uint8Array, partitions: number): number {
  let hash = firstHash
  for (const byte of stored) hash = hashByte(hash, byte)
  return spread(hash, partitions)
}

export const firstHash = 0x811c9dc5

export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** Ends a hash, so that every bit of it decides on the partition. */
export function spread(hash: number, partitions: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0) % partitions
}
