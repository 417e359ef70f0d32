import { Code, type Form } from './code.ts'

/**
 * Makes plain objects with these fields, in this order, each field given by an expression over `parameters`.
 * The names stay arguments: `this[n] = x` in a constructor whose prototype is Object.prototype gives the same hidden
 * class as a literal would.
 */
export function compileRecord<F>(
  name: string,
  code: Code,
  parameters: string,
  fields: readonly (readonly [name: string, expression: string])[],
): F {
  const body = fields.map(([field, expression]) => `this[${code.arg(field)}]=${expression};`).join('')
  return code.compile<F>(
    name,
    `(()=>{function Row(${parameters}){${body}}Row.prototype=Object.prototype;return(${parameters})=>new Row(${parameters})})()`,
  )
}

/** A function that makes a plain object out of a list of values, in the order of `names`. */
export function recordMaker(form: Form, names: readonly string[]): (values: readonly unknown[]) => object {
  if (form === 'closures') return (values) => Object.fromEntries(names.map((name, i) => [name, values[i]]))
  return compileRecord(
    'row',
    new Code(),
    'v',
    names.map((name, i) => [name, `v[${i}]`]),
  )
}
