import { createHash } from 'node:crypto'

/** What Hive, Spark, Trino and DuckDB take for an absent value. */
const absent = '__HIVE_DEFAULT_PARTITION__'
const longestBytes = 180

/** A value in the name of a folder. */
export type HiveValue = string | number | bigint | boolean | null | undefined

/**
 * Names a subfolder the way Hive does: `hive({ date: '2026-11-25', page: '/a' })` is `date=2026-11-25/page=%2Fa`. Safe
 * for any value, so records cannot choose where they are written. A value too long for a name is cut and ends in a hash of it.
 */
export function hive(values: Readonly<Record<string, HiveValue>>): string {
  let path = ''
  for (const name in values) path += `${path === '' ? '' : '/'}${escapeName(name)}=${escapeName(values[name])}`
  return path
}

/** Values repeat, as many records go to one folder. */
const known = new Map<string, string>()
const mostKnown = 4_096

/** Writes a value so that it can be part of the name of a folder. */
export function escapeName(value: HiveValue): string {
  if (value === null || value === undefined || value === '') return absent
  const text = typeof value === 'string' ? value : String(value)
  const found = known.get(text)
  if (found !== undefined) return found
  const escaped = escape(text)
  if (known.size === mostKnown) known.clear()
  known.set(text, escaped)
  return escaped
}

function escape(text: string): string {
  // What Hive escapes, and spaces, which shells dislike.
  const name = text.replace(/[\p{Cc} "#%'*/:=?\\{}[\]^<>|]/gu, percent)
  return Buffer.byteLength(name) <= longestBytes ? name : shortened(name)
}

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

function shortened(escaped: string): string {
  const hash = createHash('sha256').update(escaped).digest('hex').slice(0, 16)
  const start = new TextDecoder()
    .decode(Buffer.from(escaped).subarray(0, longestBytes - 20))
    .replace(/[\ufffd%].{0,1}$/, '')
  return `${start}~${hash}`
}
