import { byteText, type ByteText } from '../byte-text.ts'
import { compileAsciiMaker } from './ascii-maker.ts'
import { Interner } from './interner.ts'
import { KeyOrder } from './key-order.ts'
import type { ObjectPlan } from './plan.ts'
import { scannerSource } from './scanner-source.ts'
import { plainEnd, skipBlank, skipNumber, skipString, skipValue } from './skip.ts'

/** The record between a brace at `start - 1` and one at `end - 1`, or undefined for what `JSON.parse` must decide. */
export type Scan = (bytes: Uint8Array, view: DataView, start: number, end: number) => unknown

const closing = 0x7d
const opening = 0x7b
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/** Reads declared fields straight from bytes; for one task, as it remembers what it has seen. */
export class Scanner {
  readonly #source: Source = { text: byteText(new Uint8Array()), value: undefined }
  readonly #order: KeyOrder
  readonly #scan: Scan
  #view = new DataView(new ArrayBuffer(0))

  /** Throws an EvalError where code generation is forbidden. */
  constructor(plan: ObjectPlan) {
    const { text, objects, internerCount } = scannerSource(plan)
    const source = this.#source
    const order = new KeyOrder(objects)
    const makeText = textMaker(source)
    const parsed = new Float64Array(1)
    const env = {
      table: order.table,
      order,
      starts: objects.map((_, object) => order.start(object)),
      source,
      defaults: objects.map(({ fields }) => fields.map((field) => field.default)),
      interners: Array.from({ length: internerCount }, () => new Interner(makeText)),
      powers,
      parsed,
      plainEnd,
      skipBlank,
      skipValue,
      otherText: (p: number, q: number, e: number, interner: Interner) => this.#otherText(p, q, e, interner),
      otherNumber: (p: number, e: number, whole: boolean) => this.#otherNumber(p, e, whole, parsed),
      otherValue: (p: number, e: number) => this.#otherValue(p, e),
    }
    const names = objects.map(({ fields }) => fields.map(({ name }) => name))
    this.#order = order
    this.#scan = new Function('env', 'names', `${text}\n//# sourceURL=millrace-json-decoder.js`)(env, names) as Scan
  }

  /** What the next scans read from. */
  read(bytes: Uint8Array): ByteText {
    this.#order.refresh()
    if (this.#source.text.bytes !== bytes) {
      this.#source.text = byteText(bytes)
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    return this.#source.text
  }

  /** The record that these bytes are, or undefined for what this does not read. */
  scan(start: number, end: number): unknown {
    const { bytes } = this.#source.text
    let last = end - 1
    while (last > start && bytes[last]! <= 0x20 && isBlankByte(bytes[last]!)) last--
    if (last <= start || bytes[start] !== opening || bytes[last] !== closing) return undefined
    return this.#scan(bytes, this.#view, start + 1, last + 1)
  }

  /** Reads a string with escapes or beyond ASCII. `q` is the first such byte. */
  #otherText(p: number, q: number, e: number, interner: Interner): number {
    const { bytes } = this.#source.text
    const end = skipString(bytes, this.#view, q, e)
    if (end > 0) this.#source.value = interner.text(bytes, this.#view, p + 1, end - 1, false)
    return end
  }

  #otherNumber(p: number, e: number, whole: boolean, parsed: Float64Array): number {
    const { text } = this.#source
    const end = skipNumber(text.bytes, p, e)
    if (end < 0) return -1
    const value = Number(text.ascii(p, end))
    parsed[0] = value
    return (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) ? end : -1
  }

  #otherValue(p: number, e: number): number {
    const { text } = this.#source
    const end = skipValue(text.bytes, this.#view, p, e)
    if (end > 0) this.#source.value = JSON.parse(text.utf8(p, end))
    return end
  }
}

/** The bytes being read, and the last value that was not read by generated code. */
interface Source {
  text: ByteText
  value: unknown
}

const isBlankByte = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

function textMaker(source: Source): (start: number, end: number, plain: boolean) => string {
  const makeAscii = compileAsciiMaker()
  const native = (start: number, end: number): string => source.text.ascii(start, end)
  return (start, end, plain) => {
    const { text } = source
    if (plain) return makeAscii(text.bytes, start, end, native)
    // The quotes around it are there: this is only called for strings.
    return text.bytes.subarray(start, end).includes(0x5c) ? JSON.parse(text.utf8(start - 1, end + 1)) : text.utf8(start, end)
  }
}
