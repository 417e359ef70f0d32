import type { ArrayPlan, FieldPlan, ObjectPlan, ValuePlan } from './plan.ts'

/** What a printer's source consists of; the numbers in the text count `objects`. */
export interface PrinterSource {
  readonly text: string
  readonly objects: readonly ObjectPlan[]
}

/**
 * Writes the source of a printer: one function an object and a list, which writes the declared fields as JSON. All of the
 * text is ours: names are its argument `names`, and the numbers that their bytes are; see `compilePrinter`.
 *
 * The functions take `(value, o)`: what to write, and where to. They answer where it ends, or -1 for a value that is not
 * as declared, or too large for the memory that they write to.
 */
export function printerSource(root: ObjectPlan): PrinterSource {
  const writer = new Writer()
  writer.object(root)
  const { objects, functions } = writer
  const head = 'const { bytes: B, view: V, plain, own, otherText, otherValue } = env'
  return { objects, text: lines([head, helpersSource, ...functions, 'return (value) => o0(value, 0)']) }
}

/** Bytes that a printer writes to: a larger record is written by `JSON.stringify`. */
export const printerBytes: number = 1 << 16

/** The longest number, and what else is written without asking for room. */
const room = 64

const utf8 = new TextEncoder()

const lines = (parts: readonly string[]): string => parts.join('\n')

class Writer {
  readonly objects: ObjectPlan[] = []
  readonly functions: string[] = []
  #arrayCount = 0

  object(plan: ObjectPlan): number {
    const object = this.objects.push(plan) - 1
    const fields = plan.fields.map((field, f) => this.#field(field, `n${object}_${f}`))
    this.functions.push(
      lines([
        ...plan.fields.map((_, f) => `const n${object}_${f} = names[${object}][${f}]`),
        `function o${object}(value, o) {`,
        `if (typeof value !== 'object' || value === null || Array.isArray(value)) return -1`,
        `const start = o`,
        ...fields,
        // The first field was written with a comma before it.
        `if (o === start) o++`,
        `B[start] = 123`,
        `B[o] = 125`,
        `return o + 1`,
        `}`,
      ]),
    )
    return object
  }

  #field({ name, value, optional, default: absent }: FieldPlan, variable: string): string {
    const key = keyBytes(name)
    const read = name in Object.prototype ? `own(value, ${variable})` : `value[${variable}]`
    const write = lines([
      `if (o > ${printerBytes - key.length - room}) return -1`,
      ...wordsSource(key),
      `o += ${key.length}`,
      this.#value(value),
    ])
    return lines([
      '{',
      `const v = ${read}`,
      optional && absent === undefined ? `if (v !== undefined) {\n${write}\n}` : write,
      '}',
    ])
  }

  #value(plan: ValuePlan): string {
    const source = this.#present(plan)
    return plan.nullable && plan.kind !== 'any' ? `if (v === null) { ${nullSource} } else {\n${source}\n}` : source
  }

  #present(plan: ValuePlan): string {
    switch (plan.kind) {
      case 'string':
        return lines([`if (typeof v !== 'string') return -1`, `if ((o = text(v, o)) < 0) return -1`])
      case 'boolean':
        return booleanSource
      case 'int':
        return lines([`if (!Number.isSafeInteger(v)) return -1`, `o = whole(v, o)`])
      case 'number':
        return lines([
          `if (Number.isSafeInteger(v)) o = whole(v, o)`,
          `else if (Number.isFinite(v)) o = ascii(String(v), o)`,
          `else return -1`,
        ])
      case 'object':
        return `if ((o = o${this.object(plan)}(v, o)) < 0) return -1`
      case 'array':
        return `if ((o = a${this.#array(plan)}(v, o)) < 0) return -1`
      case 'any':
        return `if ((o = otherValue(v, o)) < 0) return -1`
    }
  }

  #array({ of }: ArrayPlan): number {
    const array = this.#arrayCount++
    const item = this.#value(of)
    this.functions.push(
      lines([
        `function a${array}(list, o) {`,
        `if (!Array.isArray(list)) return -1`,
        `B[o++] = 91`,
        `for (let i = 0; i < list.length; i++) {`,
        `if (o > ${printerBytes - room}) return -1`,
        `if (i > 0) B[o++] = 44`,
        `const v = list[i]`,
        item,
        `}`,
        `B[o] = 93`,
        `return o + 1`,
        `}`,
      ]),
    )
    return array
  }
}

/** A comma, the name as JSON, a colon. */
const keyBytes = (name: string): Uint8Array => utf8.encode(`,${JSON.stringify(name)}:`)

/** Writes bytes as words, of which the last may overlap the one before. */
function wordsSource(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const last = bytes.length - 4
  const places = [...Array.from({ length: Math.ceil(last / 4) }, (_, i) => i * 4), last]
  return places.map((place) => `V.setInt32(o + ${place}, ${view.getInt32(place)})`)
}

const nullSource = `V.setInt32(o, ${0x6e756c6c}); o += 4`

const booleanSource = `
if (v === true) {
  V.setInt32(o, ${0x74727565})
  o += 4
} else if (v === false) {
  B[o] = 102
  V.setInt32(o + 1, ${0x616c7365})
  o += 5
} else return -1`

const helpersSource = `
function text(s, o) {
  const length = s.length
  if (length > 64 || o + length > ${printerBytes - room}) return otherText(s, o)
  let at = o
  B[at++] = 34
  for (let i = 0; i < length; i++) {
    const code = s.charCodeAt(i)
    if (code > 127 || plain[code] === 0) return otherText(s, o)
    B[at++] = code
  }
  B[at] = 34
  return at + 1
}
function ascii(s, o) {
  for (let i = 0; i < s.length; i++) B[o++] = s.charCodeAt(i)
  return o
}
function whole(n, o) {
  if (n < 0) {
    B[o++] = 45
    n = -n
  }
  if (n < 100000000) return digits(n, o, n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : n < 10000 ? 4 : n < 100000 ? 5 : n < 1000000 ? 6 : n < 10000000 ? 7 : 8)
  const high = Math.floor(n / 100000000)
  return digits(n - high * 100000000, whole(high, o), 8)
}
function digits(n, o, count) {
  n |= 0
  for (let i = o + count - 1; i >= o; i--) {
    const rest = (n / 10) | 0
    B[i] = 48 + n - rest * 10
    n = rest
  }
  return o + count
}`
