import type { Decoder, Refuse } from '../../connector/codec.ts'
import type { Slab } from '../../connector/slab.ts'
import { badRecord } from '../bad-record.ts'
import { byteText, type ByteText } from '../../state/byte-text.ts'
import { Interner } from '../json/interner.ts'
import { unescapeBytes } from './escapes.ts'
import { LogTime, timeLength } from './log-time.ts'
import type { AccessLogLayout, AccessLogRecord } from './record.ts'

const space = 32
const quote = 34
const dash = 45
const bracket = 91
const backslash = 92
const closing = 93

/** What is not UTF-8 was sent by some client; the rest of the line is good. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const nothing: ByteText = byteText(new Uint8Array())

/**
 * Reads lines of `host ident user [time] "request" status bytes "referer" "agent"` in one pass over their bytes.
 *
 * The scan goes from field to field; `#at` is where it stands, and a field that is not there leaves its name in `#wrong`.
 */
export class AccessLogScanner implements Decoder<AccessLogRecord> {
  readonly #layout: AccessLogLayout
  readonly #time = new LogTime()
  readonly #host: Interner
  readonly #method: Interner
  readonly #path: Interner
  readonly #protocol: Interner
  readonly #referer: Interner
  readonly #agent: Interner
  #text = nothing
  #bytes = nothing.bytes
  #view: DataView = new DataView(new ArrayBuffer(0))
  #at = 0
  #end = 0
  /** Where the next quote and the next backslash stand, as far as known. */
  #quote = -1
  #backslash = -1
  /** Whether the last quoted field has no escapes. */
  #isPlain = true
  #wrong = ''

  constructor(layout: AccessLogLayout) {
    this.#layout = layout
    const make = (start: number, end: number): string => this.#make(start, end)
    this.#host = new Interner(make)
    this.#method = new Interner(make)
    this.#path = new Interner(make)
    this.#protocol = new Interner(make)
    this.#referer = new Interner(make)
    this.#agent = new Interner(make)
  }

  decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number {
    const { starts, ends } = slab
    this.#use(slab.bytes)
    let count = 0
    for (let row = from; row < to; row++) {
      const record = this.#scan(starts[row]!, ends[row]!)
      if (record === undefined) refuse(row, badRecord(`not a line of the ${this.#layout} format: ${this.#wrong}`))
      else {
        values[count] = record
        rows[count++] = row
      }
    }
    // The bytes are the slab's, and a decoder may outlive it.
    this.#text = nothing
    return count
  }

  #use(bytes: Uint8Array): void {
    this.#text = byteText(bytes)
    this.#bytes = this.#text.bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#quote = this.#backslash = -1
  }

  #scan(start: number, end: number): AccessLogRecord | undefined {
    this.#end = end
    const hostEnd = this.#word(start)
    const userStart = this.#word(hostEnd + 1) + 1
    const userEnd = this.#user(userStart)
    if (hostEnd <= start || userStart <= hostEnd + 2 || userEnd < userStart)
      return this.#fail('no host, ident and user')
    const at = this.#timeAt(userEnd + 2)
    if (Number.isNaN(at)) return this.#fail('no time in brackets')
    const request = this.#quoted(userEnd + timeLength + 3)
    if (request < 0) return this.#fail('no request in quotes')
    return this.#rest(this.#part(this.#host, start, hostEnd, true), this.#userOf(userStart, userEnd), at, request)
  }

  /** Goes on behind the request, which begins at `request` and ends at `#at`. */
  #rest(host: string, user: string | undefined, at: number, request: number): AccessLogRecord | undefined {
    const requestEnd = this.#at
    const isPlain = this.#isPlain
    const status = this.#number(requestEnd + 1, 3)
    const statusLength = this.#at - requestEnd - 2
    const bytes = this.#number(this.#at, 15)
    if (bytes < 0 || (statusLength !== 3 && !(statusLength === 1 && status === 0)))
      return this.#fail('no status and bytes')
    let referer: string | undefined
    let agent: string | undefined
    if (this.#layout !== 'common') {
      const refererStart = this.#quoted(this.#at)
      if (refererStart < 0) return this.#fail('no referer in quotes')
      referer = this.#optional(this.#referer, refererStart)
      const agentStart = this.#quoted(this.#at + 1)
      if (agentStart < 0) return this.#fail('no agent in quotes')
      agent = this.#optional(this.#agent, agentStart)
      this.#at++
    }
    if (!this.#isAtEnd()) return this.#fail('more than there should be')
    return this.#record(host, user, at, request, requestEnd, isPlain, status, bytes, referer, agent)
  }

  /** Takes the request apart; see {@link AccessLogRecord} for what is none. */
  #record(
    host: string,
    user: string | undefined,
    at: number,
    start: number,
    end: number,
    isPlain: boolean,
    status: number,
    bytes: number,
    referer: string | undefined,
    agent: string | undefined,
  ): AccessLogRecord {
    const methodEnd = this.#methodEnd(start, end)
    const pathStart = methodEnd > start ? methodEnd + 1 : start
    const pathEnd = this.#pathEnd(pathStart, end)
    const method = methodEnd > start ? this.#part(this.#method, start, methodEnd, true) : ''
    const protocol = pathEnd < end ? this.#part(this.#protocol, pathEnd + 1, end, isPlain) : ''
    const isNone = end === start + 1 && this.#bytes[start] === dash
    const path = isNone ? '' : this.#part(this.#path, pathStart, pathEnd, isPlain)
    return { host, user, at, method, path, protocol, status, bytes, referer, agent }
  }

  /** End of the word that begins at `start`; −1 if no space follows. */
  #word(start: number): number {
    const bytes = this.#bytes
    const end = this.#end
    for (let i = start; i < end; i++) if (bytes[i] === space) return i
    return -1
  }

  /** End of the user, which may hold spaces: where ` [` follows; −1 if it does not. */
  #user(start: number): number {
    const bytes = this.#bytes
    const end = this.#end
    if (start <= 0) return -1
    for (let i = start; i < end; i++) if (bytes[i] === bracket) return i > start && bytes[i - 1] === space ? i - 1 : -1
    return -1
  }

  #timeAt(start: number): number {
    if (start + timeLength >= this.#end || this.#bytes[start + timeLength] !== closing) return NaN
    return this.#time.read(this.#bytes, this.#view, start)
  }

  /** Finds text in quotes behind the space at `before`; returns its start, and leaves its end in `#at`; −1 if there is none. */
  #quoted(before: number): number {
    const bytes = this.#bytes
    const start = before + 2
    if (start > this.#end || bytes[before] !== space || bytes[before + 1] !== quote) return -1
    this.#at = this.#nextQuote(start)
    this.#isPlain = this.#nextBackslash(start) >= this.#at
    if (!this.#isPlain) this.#at = this.#skipEscapes(start)
    return this.#at < this.#end ? start : -1
  }

  /** The first quote from `start` on that is not escaped. */
  #skipEscapes(start: number): number {
    let at = start
    while (at < this.#end && this.#bytes[at] !== quote) at += this.#bytes[at] === backslash ? 2 : 1
    return at
  }

  /** Asked for ever later places, so a slab is searched once, natively, whatever it holds. */
  #nextQuote(start: number): number {
    if (this.#quote < start) this.#quote = this.#find(quote, start)
    return this.#quote
  }

  #nextBackslash(start: number): number {
    if (this.#backslash < start) this.#backslash = this.#find(backslash, start)
    return this.#backslash
  }

  #find(byte: number, start: number): number {
    const found = this.#bytes.indexOf(byte, start)
    return found < 0 ? Infinity : found
  }

  /** A number of at most `most` digits, or `-` for 0, between a space and a space or the end; −1 if there is none. */
  #number(start: number, most: number): number {
    const bytes = this.#bytes
    const end = this.#end
    let i = start + 1
    let value = 0
    if (bytes[start] !== space || i >= end) return -1
    if (bytes[i] === dash) i++
    else {
      for (; i < end; i++) {
        const digit = bytes[i]! - 48
        if (digit >>> 0 > 9) break
        value = value * 10 + digit
      }
    }
    this.#at = i
    const length = i - start - 1
    return length > 0 && length <= most && (i === end || bytes[i] === space) ? value : -1
  }

  #isAtEnd(): boolean {
    if (this.#at === this.#end) return true
    return this.#layout === 'nginx' && this.#bytes[this.#at] === space
  }

  /** End of capital letters that a space follows; `start` if there are none. */
  #methodEnd(start: number, end: number): number {
    const bytes = this.#bytes
    let i = start
    while (i < end && ((bytes[i]! >= 65 && bytes[i]! <= 90) || bytes[i] === dash)) i++
    return i < end && bytes[i] === space ? i : start
  }

  /** Where the last space stands, if `HTTP/` follows; else `end`. */
  #pathEnd(start: number, end: number): number {
    const bytes = this.#bytes
    for (let i = end - 1; i >= start; i--) if (bytes[i] === space) return this.#isHttp(i + 1, end) ? i : end
    return end
  }

  #isHttp(start: number, end: number): boolean {
    return start + 5 <= end && this.#view.getInt32(start) === 0x4854_5450 && this.#bytes[start + 4] === 47
  }

  #userOf(start: number, end: number): string | undefined {
    return end === start + 1 && this.#bytes[start] === dash ? undefined : unescapeBytes(this.#bytes, start, end)
  }

  #optional(interner: Interner, start: number): string | undefined {
    const end = this.#at
    if (end === start + 1 && this.#bytes[start] === dash) return undefined
    return this.#part(interner, start, end, this.#isPlain)
  }

  #part(interner: Interner, start: number, end: number, isPlain: boolean): string {
    if (!isPlain) return unescapeBytes(this.#bytes, start, end)
    return interner.text(this.#bytes, this.#view, start, end, true)
  }

  #make(start: number, end: number): string {
    try {
      return this.#text.utf8(start, end)
    } catch {
      return lenient.decode(this.#bytes.subarray(start, end))
    }
  }

  #fail(what: string): undefined {
    this.#wrong = what
  }
}
