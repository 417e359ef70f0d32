import { edgeAction, edgePart } from './key-order.ts'
import type { ArrayPlan, FieldPlan, ObjectPlan, ScalarPlan, ValuePlan } from './plan.ts'

/** What a scanner's source consists of; the numbers in the text count these lists. */
export interface ScannerSource {
  readonly text: string
  readonly objects: readonly ObjectPlan[]
  /** How many places hold texts, each of which is interned by itself. */
  readonly internerCount: number
}

/**
 * Writes the source of a scanner: one function an object and a list, which knows its fields. All of the text is ours:
 * names, defaults and helpers are its arguments `env` and `names`, see `Scanner`.
 *
 * The functions take `(bytes, view, p, e)`: where to begin, and the end of the record, whose last byte is a closing
 * brace. So what stops before a brace needs no check of the end. They answer the value, leaving where it ended in `at`,
 * or undefined for all they do not read: what is invalid, not as declared, or only unusual.
 */
export function scannerSource(root: ObjectPlan): ScannerSource {
  const writer = new Writer()
  writer.object(root)
  const { objects, functions, internerCount } = writer
  const text = lines([
    'const { table: T, order, starts, source, defaults, interners, powers: P, parsed } = env',
    'const { plainEnd, skipBlank, skipValue, otherText, otherNumber, otherValue } = env',
    ...objects.map((_, o) => `const s${o} = starts[${o}]`),
    ...Array.from({ length: internerCount }, (_, i) => `const i${i} = interners[${i}]`),
    'let at = 0',
    ...functions,
    `return (bytes, view, p, e) => {`,
    `  const record = o0(bytes, view, p, e)`,
    `  return at === e ? record : undefined`,
    `}`,
  ])
  return { text, objects, internerCount }
}

const lines = (parts: readonly string[]): string => parts.join('\n')

/** As many bits as an integer has without its sign. */
const bitsAWord = 30

/** With more fields than these, V8 would not optimise a function that has the code for all of them in it. */
const mostInline = 24

class Writer {
  readonly objects: ObjectPlan[] = []
  readonly functions: string[] = []
  internerCount = 0
  #arrayCount = 0
  readonly #readers = new Set<string>()

  object(plan: ObjectPlan): number {
    const object = this.objects.push(plan) - 1
    const { fields } = plan
    const inline = fields.length <= mostInline
    const cases = fields.map((field, f) => this.#fieldCase(field, f, inline))
    const seen = seenWords(plan).map((word) => `b${word}`)
    this.functions.push(
      recordSource(plan, object),
      lines([
        `function o${object}(bytes, view, p, e) {`,
        ...seen.map((word) => `let ${word} = 0`),
        ...fields.map((field, f) => `let v${f} = ${initialSource(field, object, f)}`),
        `let node = s${object}`,
        `while (bytes[p] !== 125) {`,
        edgeSource,
        `switch (T[edge + ${edgePart.action}]) {`,
        ...cases,
        `case ${edgeAction.blank}: break`,
        `default:`,
        skipSource,
        `}`,
        `}`,
        requiredSource(plan),
        `at = p + 1`,
        `return new R${object}(${[...seen, ...fields.map((_, f) => `v${f}`)].join(', ')})`,
        `}`,
      ]),
    )
    return object
  }

  /** A key that comes twice is left to `JSON.parse`, for which the last counts. */
  #fieldCase({ value }: FieldPlan, f: number, inline: boolean): string {
    const { word, bit } = seenBit(f)
    return lines([
      `case ${f}: {`,
      `if ((b${word} & ${bit}) !== 0) return undefined`,
      `b${word} |= ${bit}`,
      this.#value(value, `v${f}`, inline),
      `break`,
      `}`,
    ])
  }

  #value(plan: ValuePlan, into: string, inline: boolean): string {
    const source = this.#present(plan, into, inline)
    return plan.nullable && plan.kind !== 'any' ? `${isNull} { ${into} = null; p += 4 } else {\n${source}\n}` : source
  }

  #present(plan: ValuePlan, into: string, inline: boolean): string {
    switch (plan.kind) {
      case 'object':
        return nestedSource(into, 123, `o${this.object(plan)}`)
      case 'array':
        return nestedSource(into, 91, `a${this.#array(plan)}`)
      case 'any':
        return lines([`p = otherValue(p, e)`, endedSource, `${into} = source.value`])
      default: {
        const interner = plan.kind === 'string' ? `i${this.internerCount++}` : 'undefined'
        return inline ? scalarSource(plan, into, interner) : this.#call(plan, into, interner)
      }
    }
  }

  /** Reads a scalar by a function that all fields of its kind share. */
  #call(plan: ScalarPlan, into: string, interner: string): string {
    const reader = `r_${plan.kind}`
    if (!this.#readers.has(reader)) this.functions.push(readerSource(plan, reader))
    this.#readers.add(reader)
    return lines([
      `p = ${reader}(bytes, view, p, e, ${interner})`,
      `if (p === undefined) return undefined`,
      `${into} = source.value`,
    ])
  }

  #array({ of }: ArrayPlan): number {
    const array = this.#arrayCount++
    const item = this.#value(of, 'item', true)
    this.functions.push(
      lines([
        `function a${array}(bytes, view, p, e) {`,
        `const list = []`,
        blankSource,
        `if (bytes[p] === 93) { at = p + 1; return list }`,
        `for (;;) {`,
        `let item = ${emptySource(of)}`,
        item,
        `list.push(item)`,
        blankSource,
        `if (bytes[p] === 93) { at = p + 1; return list }`,
        `if (bytes[p] !== 44) return undefined`,
        `p++`,
        blankSource,
        `}`,
        `}`,
      ]),
    )
    return array
  }
}

/** Which bit of which word says that a field was there. */
const seenBit = (field: number): { word: number; bit: number } => ({
  word: Math.floor(field / bitsAWord),
  bit: 1 << (field % bitsAWord),
})

const seenWords = ({ fields }: ObjectPlan): number[] => [...new Set(fields.map((_, f) => seenBit(f).word))]

/** The constructor of a record: plain objects as far as anyone can see, but all of one hidden class. */
function recordSource({ fields }: ObjectPlan, object: number): string {
  const seen = [...new Set(fields.map((_, f) => `b${seenBit(f).word}`))]
  return lines([
    ...fields.map((_, f) => `const n${object}_${f} = names[${object}][${f}]`),
    `function R${object}(${[...seen, ...fields.map((_, f) => `v${f}`)].join(', ')}) {`,
    ...fields.map((field, f) => {
      const { word, bit } = seenBit(f)
      const mayMiss = field.optional && field.default === undefined
      return `${mayMiss ? `if ((b${word} & ${bit}) !== 0) ` : ''}this[n${object}_${f}] = v${f}`
    }),
    `}`,
    `R${object}.prototype = Object.prototype`,
  ])
}

const initialSource = (field: FieldPlan, object: number, f: number): string =>
  field.default === undefined ? emptySource(field.value) : `defaults[${object}][${f}]`

/** A value of the right type, so that a variable has one type throughout. */
function emptySource({ kind }: ValuePlan): string {
  switch (kind) {
    case 'string':
      return `''`
    case 'int':
    case 'number':
      return '0'
    case 'boolean':
      return 'false'
    default:
      return 'undefined'
  }
}

/** Finds the edge, the one taken here last first, and goes on to the value behind it. */
const edgeSource = `
let edge = T[node]
follow: {
  if (edge !== 0) {
    const last = p + T[edge + ${edgePart.length}] - 4
    if (last + 4 <= e) {
      let i = p
      let w = edge + ${edgePart.words}
      while (i < last && view.getInt32(i, true) === T[w]) { i += 4; w++ }
      if (i >= last && view.getInt32(last, true) === T[w]) break follow
    }
  }
  edge = order.next(node, source.text, view, p, e)
  if (edge === 0) return undefined
}
p += T[edge + ${edgePart.length}]
node = T[edge + ${edgePart.to}]`

/** After what may end with the last brace of the record, or not at all. */
const endedSource = `if (p < 0 || p >= e) return undefined`

const blankSource = `if (bytes[p] <= 32) p = skipBlank(bytes, p, e)`

const isNull = `if (p + 4 <= e && view.getInt32(p) === 0x6e756c6c)`

const skipSource = `
if (bytes[p] === 34) {
  const q = plainEnd(bytes, view, p + 1, e - 1)
  p = bytes[q] === 34 ? q + 1 : skipValue(bytes, view, p, e)
} else p = skipValue(bytes, view, p, e)
${endedSource}`

function requiredSource({ fields }: ObjectPlan): string {
  const masks = new Map<number, number>()
  fields.forEach(({ optional }, f) => {
    const { word, bit } = seenBit(f)
    if (!optional) masks.set(word, (masks.get(word) ?? 0) | bit)
  })
  return lines([...masks].map(([word, mask]) => `if ((b${word} & ${mask}) !== ${mask}) return undefined`))
}

function scalarSource(plan: ScalarPlan, into: string, interner: string): string {
  switch (plan.kind) {
    case 'string':
      return textSource(into, interner)
    case 'boolean':
      return booleanSource(into)
    case 'int':
    case 'number':
      return numberSource(into, plan)
  }
}

/** A function that answers the place after a scalar, leaving that in `source.value`. */
const readerSource = (plan: ScalarPlan, name: string): string =>
  lines([
    `function ${name}(bytes, view, p, e, interner) {`,
    `let value = ${emptySource(plan)}`,
    scalarSource(plan, 'value', 'interner'),
    `source.value = value`,
    `return p`,
    `}`,
  ])

const textSource = (into: string, interner: string): string => `
if (bytes[p] !== 34) return undefined
const q = plainEnd(bytes, view, p + 1, e - 1)
if (bytes[q] === 34) {
  ${into} = ${interner}.text(bytes, view, p + 1, q, true)
  p = q + 1
} else {
  p = otherText(p, q, e, ${interner})
  ${endedSource}
  ${into} = source.value
}`

const booleanSource = (into: string): string => `
if (p + 4 <= e && view.getInt32(p) === 0x74727565) {
  ${into} = true
  p += 4
} else if (bytes[p] === 102 && p + 5 <= e && view.getInt32(p + 1) === 0x616c7365) {
  ${into} = false
  p += 5
} else return undefined`

const nestedSource = (into: string, opening: number, call: string): string => `
if (bytes[p] !== ${opening}) return undefined
${into} = ${call}(bytes, view, p + 1, e)
if (${into} === undefined) return undefined
p = at
${endedSource}`

/**
 * Reads digits, four at a time, into an integer that is exact up to 2^53, and divides by a power of ten, which rounds
 * once and so as it must be (up to 10^22). All else, the exponents, −0 and longer numbers, goes to `otherNumber`.
 *
 * Written out at each field, so that each is compiled for the numbers it has: small ones are never doubles.
 */
const numberSource = (into: string, { kind }: ScalarPlan): string => `
number: {
  usual: {
    let q = p
    let c = bytes[q]
    const negative = c === 45
    if (negative) c = bytes[++q]
    let n = 0
    if (c === 48) q++
    else {
      if (c < 48 || c > 57) return undefined
      ${digitsSource}
    }
    c = bytes[q]
    ${kind === 'int' ? 'if (c === 46) break usual' : fractionSource}
    if ((c | 32) === 101 || n > ${Number.MAX_SAFE_INTEGER}) break usual
    if (negative) {
      if (n === 0) break usual
      n = -n
    }
    ${into} = n
    p = q
    break number
  }
  p = otherNumber(p, e, ${kind === 'int'})
  ${endedSource}
  ${into} = parsed[0]
}`

const digitsSource = `
let word = 0
while (q + 4 <= e && ((((word = view.getInt32(q, true) ^ 0x30303030) + 0x76767676) | word) & 0x80808080) === 0) {
  word = (word & 0xff00ff) * 10 + ((word >>> 8) & 0xff00ff)
  n = n * 10000 + (word & 0xffff) * 100 + (word >>> 16)
  q += 4
}
while ((c = bytes[q]) > 47 && c < 58) {
  n = n * 10 + (c - 48)
  q++
}`

const fractionSource = `
if (c === 46) {
  const point = ++q
  ${digitsSource}
  const places = q - point
  if (places === 0 || places > 22 || n > ${Number.MAX_SAFE_INTEGER}) break usual
  n /= P[places]
}`
