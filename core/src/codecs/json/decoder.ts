import type { Decoder, Refuse } from '../../connector/codec.ts'
import type { Slab } from '../../connector/slab.ts'
import { byteText } from '../../state/byte-text.ts'
import { parseJson } from './parse-json.ts'
import type { ObjectPlan } from './plan.ts'
import { Scanner } from './scanner.ts'

/** How a JSON codec gets from bytes to records. */
export interface Reading<T> {
  /** Which fields are read; undefined for all there are. */
  readonly plan: ObjectPlan | undefined
  /** What `plan` leaves of any JSON value; may throw, refusing the record. */
  readonly narrow: (value: unknown) => unknown
  /** The record that is made of what was read; may throw, refusing the record. */
  readonly finish: (value: unknown) => T
}

/** The fastest decoder that the platform allows. */
export function jsonDecoder<T>(reading: Reading<T>): Decoder<T> {
  return (reading.plan && compiledDecoder(reading.plan, reading)) ?? new ParsingDecoder(reading)
}

function compiledDecoder<T>(plan: ObjectPlan, reading: Reading<T>): Decoder<T> | undefined {
  try {
    return new ScanningDecoder(new Scanner(plan), reading)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/** Asks a scanner first, and `JSON.parse` for what that leaves. */
export class ScanningDecoder<T> implements Decoder<T> {
  readonly #scanner: Scanner
  readonly #reading: Reading<T>

  constructor(scanner: Scanner, reading: Reading<T>) {
    this.#scanner = scanner
    this.#reading = reading
  }

  decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number {
    const { starts, ends } = slab
    const { narrow, finish } = this.#reading
    const scanner = this.#scanner
    const text = scanner.read(slab.bytes)
    let count = 0
    for (let row = from; row < to; row++) {
      const start = starts[row]!
      const end = ends[row]!
      try {
        values[count] = finish(scanner.scan(start, end) ?? narrow(parseJson(text, start, end)))
        rows[count++] = row
      } catch (error) {
        refuse(row, error)
      }
    }
    return count
  }
}

/** Parses every record whole: the same answers without generated code. */
export class ParsingDecoder<T> implements Decoder<T> {
  readonly #reading: Reading<T>

  constructor(reading: Reading<T>) {
    this.#reading = reading
  }

  decode(slab: Slab, from: number, to: number, values: unknown[], rows: Int32Array, refuse: Refuse): number {
    const { narrow, finish } = this.#reading
    const text = byteText(slab.bytes)
    let count = 0
    for (let row = from; row < to; row++) {
      try {
        values[count] = finish(narrow(parseJson(text, slab.starts[row]!, slab.ends[row]!)))
        rows[count++] = row
      } catch (error) {
        refuse(row, error)
      }
    }
    return count
  }
}
