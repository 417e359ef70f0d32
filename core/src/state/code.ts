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
    // The indirection over `new Function` gives every compilation call sites, and so type feedback, of its own.
    // eslint-disable-next-line no-new-func -- the hot path is generated code by design; `form: 'closures'` does without
    const make = new Function(...this.#names, `'use strict';return ${body}\n//# sourceURL=millrace:${name}`) as (...values: unknown[]) => T
    return make(...this.#values)
  }
}

/** How operators are built: as generated code, or as closures where code generation is forbidden. */
export type Form = 'generated' | 'closures'
