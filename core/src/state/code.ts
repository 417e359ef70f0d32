import { generate } from './generate.ts'

/**
 * Source text under construction and the values it refers to. No text of the user's ever enters it: names are
 * generated here, functions and constants become arguments.
 */
export class Code {
  readonly #names: string[] = []
  readonly #values: unknown[] = []
  readonly #known = new Map<unknown, string>()
  #fresh = 0

  /** A name for this value inside the source; equal values share one. */
  arg(value: unknown): string {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const name = `c${this.#names.length}`
    this.#names.push(name)
    this.#values.push(value)
    this.#known.set(value, name)
    return name
  }

  /** A name used nowhere else in the source. */
  fresh(prefix: string): string {
    return `${prefix}${this.#fresh++}`
  }

  /** Compiles `body`, an expression. `name` appears in stack traces and profiles; it must be a name of ours. */
  compile<T>(name: string, body: string): T {
    const parameters = Object.fromEntries(this.#names.map((parameter, i) => [parameter, this.#values[i]]))
    return generate<T>(name, parameters, `return ${body}`)
  }
}

/** How operators are built: as generated code, or as closures where code generation is forbidden. */
export type Form = 'generated' | 'closures'

/** What the platform allows: some forbid to make code of text. */
export function bestForm(): Form {
  try {
    return generate<Form>('form', {}, `return 'generated'`)
  } catch (error) {
    if (error instanceof EvalError) return 'closures'
    throw error
  }
}
