import { byteText, type ByteText } from '../../state/byte-text.ts'
import { compileAsciiMaker } from './ascii-maker.ts'
import { generate } from '../../state/generate.ts'
import { Interner, type MakeText } from './interner.ts'
import { KeyOrder } from './key-order.ts'
import type { ObjectPlan } from './plan.ts'
import { scannerSource } from './scanner-source.ts'
import { isBlank, plainEnd, skipBlank, skipNumber, skipString, skipValue } from './skip.ts'

/** A generated function: the record whose opening brace is before `start` and whose closing brace is before `end`. */
type Scan = (bytes: Uint8Array, view: DataView, start: number, end: number) => unknown

const opening = 0x7b
const closing = 0x7d
const backslash = 0x5c

/** The powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/**
 * Reads declared fields straight from bytes, checking all that it skips. Made for one task: it remembers the order of
 * keys and the texts that it has seen.
 */
export class Scanner {
  readonly #source: Source = new Source()
  readonly #order: KeyOrder
  readonly #scan: Scan

  /** Throws an EvalError where code generation is forbidden. */
  constructor(plan: ObjectPlan) {
    const { text, objects, internerCount } = scannerSource(plan)
    const makeText = textMaker(this.#source)
    this.#order = new KeyOrder(objects)
    const env = {
      ...helpers(this.#source),
      order: this.#order,
      table: this.#order.table,
      starts: objects.map((_, object) => this.#order.start(object)),
      defaults: objects.map(({ fields }) => fields.map((field) => field.default)),
      interners: Array.from({ length: internerCount }, () => new Interner(makeText)),
    }
    const names = objects.map(({ fields }) => fields.map(({ name }) => name))
    this.#scan = generate('json-decoder', { env, names }, text)
  }

  /** Says what the next records are read from. */
  read(bytes: Uint8Array): ByteText {
    this.#order.refresh()
    this.#source.open(bytes)
    return this.#source.text
  }

  /** The record that these bytes are; undefined for what it does not read, which `JSON.parse` must decide about. */
  scan(start: number, end: number): unknown {
    const { text, view } = this.#source
    const { bytes } = text
    let last = end - 1
    while (last > start && isBlank(bytes[last]!)) last--
    if (last <= start || bytes[start] !== opening || bytes[last] !== closing) return undefined
    return this.#scan(bytes, view, start + 1, last + 1)
  }
}

/** The bytes being read, and what helpers of the generated code have to hand over beside the place where it ends. */
class Source {
  text: ByteText = byteText(new Uint8Array())
  view: DataView = new DataView(new ArrayBuffer(0))
  value: unknown
  #opened: Uint8Array | undefined

  open(bytes: Uint8Array): void {
    if (bytes === this.#opened) return
    this.#opened = bytes
    this.text = byteText(bytes)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

/** What the generated code leaves to others: each answers the place after a value, or -1. */
function helpers(source: Source): Readonly<Record<string, unknown>> {
  const parsed = new Float64Array(1)

  /** A string with escapes or beyond ASCII, of which `from` is the first such byte, into `source.value`. */
  function otherText(p: number, from: number, e: number, interner: Interner): number {
    const { bytes } = source.text
    const end = skipString(bytes, source.view, from, e)
    if (end > 0) source.value = interner.text(bytes, source.view, p + 1, end - 1, false)
    return end
  }

  /** A number with an exponent, too many digits or a negative zero, into `parsed`. */
  function otherNumber(p: number, e: number, whole: boolean): number {
    const end = skipNumber(source.text.bytes, source.view, p, e)
    if (end < 0) return -1
    const value = Number(source.text.ascii(p, end))
    parsed[0] = value
    return (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) ? end : -1
  }

  /** A value of any type, into `source.value`. */
  function otherValue(p: number, e: number): number {
    const end = skipValue(source.text.bytes, source.view, p, e)
    if (end > 0) source.value = JSON.parse(source.text.utf8(p, end))
    return end
  }

  return { source, parsed, powers, plainEnd, skipBlank, skipValue, otherText, otherNumber, otherValue }
}

/** Makes the text between two quotes. */
function textMaker(source: Source): MakeText {
  const makeAscii = compileAsciiMaker()
  const longAscii = (start: number, end: number): string => source.text.ascii(start, end)
  return (start, end, plain) => {
    const { text } = source
    if (plain) return makeAscii(text.bytes, start, end, longAscii)
    const isEscaped = text.bytes.subarray(start, end).includes(backslash)
    return isEscaped ? (JSON.parse(text.utf8(start - 1, end + 1)) as string) : text.utf8(start, end)
  }
}
