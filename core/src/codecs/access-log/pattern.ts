import type { Decoder, Refuse } from '../../connector/codec.ts'
import type { Slab } from '../../connector/slab.ts'
import { badOption } from '../../errors.ts'
import { badRecord } from '../bad-record.ts'
import { LogTime, timeLength } from './log-time.ts'

/** What the named groups of a regular expression give. */
export interface AccessLogFields {
  /** Of a group `at`: ms since 1970. */
  readonly at?: number
  /** Of a group `time`: ms since 1970. */
  readonly time?: number
  /** Of a group `status`. */
  readonly status?: number
  /** Of a group `bytes`. */
  readonly bytes?: number
  /** Of any other group: its text; undefined where it took no part. */
  readonly [group: string]: string | number | undefined
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const toUtf8 = new TextEncoder()

/** Reads lines with a regular expression of the user's. */
export class PatternDecoder implements Decoder<AccessLogFields> {
  readonly #pattern: RegExp
  readonly #time = new LogTime()

  constructor(pattern: RegExp) {
    // With `g` or `y` it would remember where it stopped.
    this.#pattern = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    const names = new RegExp(`${pattern.source}|`, this.#pattern.flags).exec('')?.groups
    if (names === undefined) throw badOption('accessLog: `format` has no named groups such as (?<host>\\S+)')
  }

  decode(
    { bytes, starts, ends }: Slab,
    from: number,
    to: number,
    values: unknown[],
    rows: Int32Array,
    refuse: Refuse,
  ): number {
    let count = 0
    for (let row = from; row < to; row++) {
      const groups = this.#pattern.exec(utf8.decode(bytes.subarray(starts[row], ends[row])))?.groups
      const wrong = groups === undefined ? 'it does not match' : this.#convert(groups)
      if (typeof wrong === 'string') refuse(row, badRecord(`not a line of this access log: ${wrong}`))
      else {
        values[count] = wrong
        rows[count++] = row
      }
    }
    return count
  }

  /** The record, or what is wrong with it. */
  #convert(groups: Readonly<Record<string, string | undefined>>): AccessLogFields | string {
    const fields: Record<string, string | number | undefined> = {}
    for (const [name, text] of Object.entries(groups)) {
      const value = text === undefined ? undefined : this.#valueOf(name, text)
      if (typeof value === 'number' && Number.isNaN(value)) return `\`${name}\` is ${JSON.stringify(text)}`
      fields[name] = value
    }
    return fields
  }

  #valueOf(name: string, text: string): string | number {
    if (name === 'at' || name === 'time') return this.#timeOf(text)
    if (name !== 'status' && name !== 'bytes') return text
    return text === '-' ? 0 : /^\d{1,15}$/.test(text) ? Number(text) : NaN
  }

  /** As servers write it, as ISO 8601, or in seconds since 1970. */
  #timeOf(text: string): number {
    if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000)
    if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(text)) return Date.parse(text)
    const bytes = toUtf8.encode(text)
    if (bytes.length !== timeLength) return NaN
    return this.#time.read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0)
  }
}
