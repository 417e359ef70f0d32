import type { ByteWriter } from '../../connector/byte-writer.ts'
import type { Encoder } from '../../connector/codec.ts'
import { badRecord } from '../bad-record.ts'
import { checked } from './check.ts'
import type { ObjectPlan } from './plan.ts'
import { compilePrinter, type Print } from './printer.ts'

/** The fastest encoder that the platform allows; without a plan, the one for any value. */
export function jsonEncoder<T>(plan: ObjectPlan | undefined): Encoder<T> {
  if (plan === undefined) return new StringifyingEncoder((value) => value)
  return printingEncoder(plan) ?? checkingEncoder(plan)
}

function printingEncoder<T>(plan: ObjectPlan): Encoder<T> | undefined {
  try {
    return new PrintingEncoder(compilePrinter(plan), checkingEncoder(plan))
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/** Writes the declared fields without generated code. */
export const checkingEncoder = <T>(plan: ObjectPlan): Encoder<T> =>
  new StringifyingEncoder((value) => checked(plan, value))

/** Asks a printer first, and another encoder, which knows what is wrong, for what that leaves. */
class PrintingEncoder<T> implements Encoder<T> {
  readonly #print: Print
  readonly #other: Encoder<T>

  constructor(print: Print, other: Encoder<T>) {
    this.#print = print
    this.#other = other
  }

  encode(value: T, out: ByteWriter): void {
    const bytes = this.#print(value)
    if (bytes === undefined) this.#other.encode(value, out)
    else out.bytes(bytes)
  }
}

/** Writes what `narrow` leaves of a value with `JSON.stringify`. */
class StringifyingEncoder<T> implements Encoder<T> {
  readonly #narrow: (value: T) => unknown

  constructor(narrow: (value: T) => unknown) {
    this.#narrow = narrow
  }

  encode(value: T, out: ByteWriter): void {
    out.text(stringified(this.#narrow(value)))
  }
}

function stringified(value: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    throw badRecord(`the record cannot be written as JSON: ${(cause as Error).message}`, cause)
  }
  if (json === undefined)
    throw badRecord(
      `the record cannot be written as JSON: it is ${value === undefined ? 'undefined' : `a ${typeof value}`}`,
    )
  return json
}
