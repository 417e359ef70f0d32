import { ByteWriter, type ExchangeRows } from '@millrace/core'
import { sealFrame } from './frame.ts'
import { writeNumbers } from './number-column.ts'
import { isPlain } from './plain-value.ts'
import type { Shapes, ValuePacker } from './value-packer.ts'
import { WordTable } from './word-table.ts'
import { wrap } from './wrapped-value.ts'

/** What the columns of a row take besides its key and value, about. */
const rowBytes = 8

/** Told of a row that cannot be sent. */
export type RefuseRow = (row: number, error: unknown) => void

/** Some values, as they will be packed. */
interface Portable {
  readonly rows: number[]
  readonly values: unknown[]
  readonly isWrapped: boolean[]
}

/**
 * Rows on their way into one frame; see {@link RowsFrame.seal} for how they lie there. Values are packed as they are
 * added.
 */
export class RowsFrame {
  length = 0
  readonly #packer: ValuePacker
  readonly #keys = new WordTable()
  readonly #places = new WordTable()
  readonly #times: number[] = []
  readonly #sequences: number[] = []
  readonly #behind: number[] = []
  readonly #marks: number[] = []
  readonly #wrapped: number[] = []
  readonly #values = new ByteWriter(4096)

  constructor(packer: ValuePacker) {
    this.#packer = packer
  }

  /** What it takes, before compression. */
  get bytes(): number {
    return this.#values.length + this.#keys.bytes + this.#places.bytes + this.length * rowBytes
  }

  /** Adds those from row `from` to before `to` that can be sent. */
  add(rows: ExchangeRows, from: number, to: number, refuse: RefuseRow): void {
    const portable: Portable = { rows: [], values: [], isWrapped: [] }
    for (let row = from; row < to; row++) makePortable(portable, rows.values[row], row, refuse)
    if (portable.rows.length > 0) this.#pack(rows, portable, refuse)
  }

  /** What user code throws while its values are packed is the fault of one of them. */
  #pack(rows: ExchangeRows, portable: Portable, refuse: RefuseRow): void {
    let packed
    try {
      packed = this.#packer.pack(portable.values)
    } catch (error) {
      if (portable.rows.length === 1) return refuse(portable.rows[0] ?? 0, error)
      return portable.rows.forEach((_, i) => this.#pack(rows, only(portable, i), refuse))
    }
    this.#values.varint(packed.length)
    this.#values.bytes(packed)
    portable.rows.forEach((row, i) => this.#put(rows, row, portable.isWrapped[i] === true))
  }

  #put({ keys, times, marks, places, sequences }: ExchangeRows, row: number, isWrapped: boolean): void {
    const mark = marks[row] ?? -Infinity
    if (isWrapped) this.#wrapped.push(this.length)
    if (mark !== -Infinity) {
      this.#behind.push(this.length)
      this.#marks.push(mark)
    }
    this.#keys.add(keys[row] ?? '')
    this.#places.add(places[row] ?? '')
    this.#times.push(times[row] ?? NaN)
    this.#sequences.push(sequences[row] ?? NaN)
    this.length++
  }

  /**
   * ```
   *   body   = rows keys places times sequences behind marks wrapped shapes block*
   *   behind = rows that lie behind their mark     wrapped = rows whose values are      block = length, values by msgpackr
   * ```
   */
  seal(): Uint8Array {
    const out = new ByteWriter(this.bytes + 256)
    out.varint(this.length)
    this.#keys.write(out)
    this.#places.write(out)
    writeNumbers(out, this.#times)
    writeNumbers(out, this.#sequences)
    out.varint(this.#behind.length)
    writeNumbers(out, this.#behind)
    writeNumbers(out, this.#marks)
    out.varint(this.#wrapped.length)
    writeNumbers(out, this.#wrapped)
    writeShapes(out, this.#packer.shapes)
    out.bytes(this.#values.view())
    return sealFrame({ kind: 'rows', body: out.view() })
  }
}

function makePortable({ rows, values, isWrapped }: Portable, value: unknown, row: number, refuse: RefuseRow): void {
  try {
    const wrapped = !isPlain(value)
    values.push(wrapped ? wrap(value) : value)
    isWrapped.push(wrapped)
    rows.push(row)
  } catch (error) {
    refuse(row, error)
  }
}

const only = ({ rows, values, isWrapped }: Portable, i: number): Portable => ({
  rows: rows.slice(i, i + 1),
  values: values.slice(i, i + 1),
  isWrapped: isWrapped.slice(i, i + 1),
})

/** As one text, which readers know the shapes by. */
function writeShapes(out: ByteWriter, shapes: Shapes): void {
  const text = new TextEncoder().encode(JSON.stringify(shapes))
  out.varint(text.length)
  out.bytes(text)
}
