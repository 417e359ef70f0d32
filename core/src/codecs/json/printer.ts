import { generate } from '../../state/generate.ts'
import { ownField, type ObjectPlan } from './plan.ts'
import { printerBytes, printerSource } from './printer-source.ts'
import { isPlain } from './skip.ts'

/** Writes a record as JSON; its bytes are valid until the next call. Undefined for what is not as declared, or too large. */
export type Print = (record: unknown) => Uint8Array | undefined

const utf8 = new TextEncoder()

/** Compiles the plan of a record to a printer. Throws an EvalError where code generation is forbidden. */
export function compilePrinter(plan: ObjectPlan): Print {
  const { text, objects } = printerSource(plan)
  const bytes = new Uint8Array(printerBytes)
  const append = (json: string, at: number): number => {
    const { read, written } = utf8.encodeInto(json, bytes.subarray(at))
    return read === json.length ? at + written : -1
  }
  const env = {
    bytes,
    view: new DataView(bytes.buffer),
    plain: isPlain,
    own: ownField,
    otherText: (value: string, at: number) => append(JSON.stringify(value), at),
    otherValue: (value: unknown, at: number) => appendValue(value, at, append),
  }
  const names = objects.map(({ fields }) => fields.map(({ name }) => name))
  const print = generate<(record: unknown) => number>('json-encoder', { env, names }, text)
  return (record) => {
    const end = print(record)
    // What did not fit was not written, but counted.
    return end < 0 || end > bytes.length ? undefined : bytes.subarray(0, end)
  }
}

/** What throws here, or is no JSON, throws again where the error is made. */
function appendValue(value: unknown, at: number, append: (json: string, at: number) => number): number {
  try {
    const json: string | undefined = JSON.stringify(value)
    return json === undefined ? -1 : append(json, at)
  } catch {
    return -1
  }
}
