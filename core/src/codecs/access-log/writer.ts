import type { ByteWriter } from '../../connector/byte-writer.ts'
import type { Encoder } from '../../connector/codec.ts'
import { badRecord } from '../bad-record.ts'
import { escapeText } from './escapes.ts'
import { writeLogTime } from './log-time.ts'
import type { AccessLogLayout, AccessLogRecord } from './record.ts'

const inQuotes = /["\\\p{Cc}]/gu
/** A space in the path would end it, so it is written as an escape. */
const inPath = /[" \\\p{Cc}]/gu
const inUser = /["[\\\p{Cc}]/gu

/** Writes records as lines that decode to the same again, to the second. */
export class AccessLogWriter implements Encoder<AccessLogRecord> {
  readonly #layout: AccessLogLayout

  constructor(layout: AccessLogLayout) {
    this.#layout = layout
  }

  encode(value: AccessLogRecord, out: ByteWriter): void {
    out.text(this.#line(value))
  }

  #line({ host, user, at, method, path, protocol, status, bytes, referer, agent }: AccessLogRecord): string {
    const time = writeLogTime(at)
    if (typeof host !== 'string' || !/^[^\p{Cc} ]+$/u.test(host)) throw wrong('host', host)
    if (time === undefined) throw wrong('at', at)
    if (!Number.isInteger(status) || (status !== 0 && (status < 100 || status > 999))) throw wrong('status', status)
    if (!(Number.isSafeInteger(bytes) && bytes >= 0 && bytes < 1e15)) throw wrong('bytes', bytes)
    const request = requestOf(method, path, protocol)
    const common = `${host} - ${optional(user, inUser)} [${time}] "${request}" ${status === 0 ? '-' : status} ${this.#size(bytes)}`
    if (this.#layout === 'common') return common
    return `${common} "${optional(referer, inQuotes)}" "${optional(agent, inQuotes)}"`
  }

  /** Apache writes a size of 0 as `-`. */
  #size(bytes: number): string {
    return bytes === 0 && this.#layout !== 'nginx' ? '-' : String(bytes)
  }
}

function requestOf(method: string, path: string, protocol: string): string {
  if (typeof method !== 'string' || !/^[A-Z-]*$/.test(method)) throw wrong('method', method)
  if (typeof path !== 'string') throw wrong('path', path)
  if (typeof protocol !== 'string' || !/^(HTTP\/[!#-[\]-~]*)?$/.test(protocol)) throw wrong('protocol', protocol)
  if (method === '' && path === '' && protocol === '') return '-'
  // What looks like a method, or like no request at all, must not be taken for it.
  const isMistakable = method === '' && /^[A-Z-]+$/.test(path)
  const written = isMistakable ? escapeText(path, /^./g) : escapeText(path, inPath)
  return `${method === '' ? '' : `${method} `}${written}${protocol === '' ? '' : ` ${protocol}`}`
}

function optional(text: string | undefined, hidden: RegExp): string {
  if (text === undefined) return '-'
  return text === '-' ? '\\x2d' : escapeText(text, hidden)
}

const wrong = (field: string, value: unknown): Error =>
  badRecord(`\`${field}\` cannot be written to an access log: ${JSON.stringify(value) ?? String(value)}`)
