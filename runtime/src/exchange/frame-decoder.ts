import type { ExchangeRows } from '@millrace/core'
import { corruptFrame, type FramePlace, openFrame } from './frame.ts'
import { splitFrames } from './frame-entry.ts'
import { FrameReader } from './frame-reader.ts'
import { readNumbers } from './number-column.ts'
import { type Shapes, ValueUnpacker } from './value-packer.ts'
import { readWords } from './word-table.ts'
import { unwrap } from './wrapped-value.ts'

/** What a frame holds; `bytes` is what it took before it was compressed. */
export type Frame =
  | { readonly kind: 'rows'; readonly bytes: number; readonly rows: ExchangeRows }
  | { readonly kind: 'partials'; readonly bytes: number; readonly partials: Uint8Array }

/** Many frames have the same shapes, and code that reads those is compiled once. */
const mostUnpackers = 64

/** Reads frames; one a worker. */
export class FrameDecoder {
  readonly #unpackers = new Map<string, ValueUnpacker>()

  /** The frames of one entry of an exchange. Throws CORRUPT_STATE. */
  decode(entry: Uint8Array, where: FramePlace): Frame[] {
    try {
      return splitFrames(entry).map((frame) => this.#frame(frame))
    } catch (cause) {
      throw corruptFrame(where, cause)
    }
  }

  #frame(frame: Uint8Array): Frame {
    const { kind, body } = openFrame(frame)
    if (kind === 'partials') return { kind, bytes: body.length, partials: body }
    return { kind, bytes: body.length, rows: this.#rows(new FrameReader(body)) }
  }

  #rows(from: FrameReader): ExchangeRows {
    const length = from.count()
    const keys = readWords(from, length)
    const places = readWords(from, length) as string[]
    const times = readNumbers(from, length)
    const sequences = readNumbers(from, length)
    const marks = readMarks(from, length)
    const values = this.#values(from, length)
    return { length, keys, values, times, marks, places, sequences }
  }

  #values(from: FrameReader, length: number): unknown[] {
    const wrapped = readNumbers(from, from.count())
    const unpacker = this.#unpacker(from.text())
    const blocks: unknown[][] = []
    while (from.left > 0) blocks.push(unpacker.unpack(from.bytes(from.varint())))
    const values = blocks.length === 1 ? (blocks[0] ?? []) : blocks.flat()
    if (values.length !== length) throw new Error(`it has ${values.length} values for ${length} rows`)
    for (const row of wrapped) values[row] = unwrap(values[row])
    return values
  }

  #unpacker(shapes: string): ValueUnpacker {
    const known = this.#unpackers.get(shapes)
    if (known) return known
    const made = new ValueUnpacker(JSON.parse(shapes) as Shapes)
    if (this.#unpackers.size >= mostUnpackers) this.#unpackers.clear()
    this.#unpackers.set(shapes, made)
    return made
  }
}

function readMarks(from: FrameReader, length: number): Float64Array {
  const marks = new Float64Array(length).fill(-Infinity)
  const behind = readNumbers(from, from.count())
  readNumbers(from, behind.length).forEach((mark, i) => (marks[behind[i] ?? 0] = mark))
  return marks
}
