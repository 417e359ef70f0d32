import { ByteWriter } from '@millrace/core'
import type { FrameReader } from './frame-reader.ts'

/** What keys and places are. */
export type Word = string | number | bigint | boolean

/** Tags are never reused. */
const tag = { text: 0, units: 1, number: 2, bigint: 3, false: 4, true: 5 } as const

const utf8 = new TextEncoder()

/** A Map takes it for 0, but it is another key. */
const negativeZero = Symbol('-0')

/** A column of words that come again and again: each is written once, with its type, and then by its number. */
export class WordTable {
  readonly #numbers = new Map<Word | symbol, number>()
  readonly #words = new ByteWriter(256)
  readonly #rows: number[] = []
  #last: Word | undefined
  #lastNumber = 0

  /** What was written so far. */
  get bytes(): number {
    return this.#words.length + this.#rows.length
  }

  add(word: Word): void {
    if (!Object.is(word, this.#last)) this.#lastNumber = this.#numberOf(word)
    this.#last = word
    this.#rows.push(this.#lastNumber)
  }

  /** Rows are left out when all have the same word. */
  write(out: ByteWriter): void {
    out.varint(this.#numbers.size)
    out.bytes(this.#words.view())
    if (this.#numbers.size > 1) for (const row of this.#rows) out.varint(row)
  }

  #numberOf(word: Word): number {
    const name = Object.is(word, -0) ? negativeZero : word
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(name, number)
    writeWord(this.#words, word)
    return number
  }
}

function writeWord(out: ByteWriter, word: Word): void {
  if (typeof word === 'string') return writeText(out, word)
  if (typeof word === 'boolean') return out.byte(word ? tag.true : tag.false)
  if (typeof word === 'number') {
    out.byte(tag.number)
    return out.float64(word)
  }
  out.byte(tag.bigint)
  writeBytes(out, utf8.encode(word.toString()))
}

function writeText(out: ByteWriter, text: string): void {
  const isUtf8 = text.isWellFormed()
  out.byte(isUtf8 ? tag.text : tag.units)
  if (!isUtf8) return writeBytes(out, Buffer.from(text, 'utf16le'))
  const before = out.length
  out.varint(text.length)
  const start = out.length
  out.text(text)
  if (out.length - start === text.length) return
  // not ASCII: longer than it seemed
  out.length = before
  writeBytes(out, utf8.encode(text))
}

function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  out.varint(bytes.length)
  out.bytes(bytes)
}

/** Reads the words of all rows. */
export function readWords(from: FrameReader, rows: number): Word[] {
  const words = Array.from({ length: from.count() }, () => readWord(from))
  const [only] = words
  if (rows > 0 && only === undefined) throw noWord()
  if (words.length <= 1) return Array.from({ length: rows }, () => only ?? '')
  return Array.from({ length: rows }, () => words[from.varint()] ?? raise(noWord()))
}

function readWord(from: FrameReader): Word {
  const kind = from.byte()
  switch (kind) {
    case tag.text:
      return from.text()
    case tag.units:
      return Buffer.from(from.bytes(from.varint())).toString('utf16le')
    case tag.number:
      return from.float64()
    case tag.bigint:
      return BigInt(from.text())
    case tag.false:
    case tag.true:
      return kind === tag.true
    default:
      throw new Error(`it has a key of unknown kind ${kind}`)
  }
}

const noWord = (): Error => new Error('it names a key that it does not have')

function raise(error: Error): never {
  throw error
}
