import { badOption, MillraceError } from '../errors.ts'
import type { Field, OfShape, Shape } from '../fields.ts'
import { misuse } from './misuse.ts'
import { nearMiss } from './near-miss.ts'
import { closedSecret, isSecret, secretFrom } from './param-secret.ts'
import { isFlat, parseParam } from './param-text.ts'

/** Where parameters come from, first to last: `set`, the environment, their defaults. */
export interface ParamInputs {
  /** By name: text, as on a command line, or a value of the type of the parameter. */
  readonly set?: { readonly [name: string]: unknown }
  /** The environment: `outDir` is read from `MILLRACE_OUT_DIR`. */
  readonly env?: { readonly [name: string]: string | undefined }
  /** Reads a text file, for secrets given as `file:PATH`. */
  readonly readFile?: (path: string) => string
}

/**
 * The values of the parameters of a topology. Text is parsed as the type asks: `true` and `false`, numbers, lists with
 * commas. A secret is given as `env:NAME` or `file:PATH` and stays opaque. Throws one BAD_OPTION that names everything
 * wrong with all of them.
 */
export function resolveParams<S extends Shape>(shape: S, inputs: ParamInputs = {}): OfShape<S> {
  const problems = unknownNames(shape, inputs.set ?? {})
  const values = collect(shape, problems, (name, field) => resolve(name, field, inputs))
  refuse(problems)
  return values as OfShape<S>
}

/** Name of the environment variable that gives a parameter: `outDir` → `MILLRACE_OUT_DIR`. */
export const paramVariable = (name: string): string =>
  `MILLRACE_${name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}`

/**
 * Values to describe a topology with: those given, else defaults, else `<name>` for text and a closed secret. Throws
 * BAD_OPTION for others that are missing.
 */
export function describingParams<S extends Shape>(shape: S, given: Partial<OfShape<S>>): OfShape<S> {
  const known: { readonly [name: string]: unknown } = given
  const problems: string[] = []
  const values = collect(shape, problems, (name, field) => known[name] ?? stand(name, field))
  refuse(problems)
  return values as OfShape<S>
}

/** Refuses parameters that no command line could give. */
export function checkParams(shape: Shape): void {
  const names = Object.keys(shape)
  const illegal = names.find((name) => !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name))
  if (illegal !== undefined)
    throw misuse(`params: ${JSON.stringify(illegal)} is no name: letters, digits and _, a letter first`)
  const double = names.find((name, i) =>
    names.slice(0, i).some((other) => paramVariable(other) === paramVariable(name)),
  )
  if (double !== undefined) throw misuse(`params: two are read from ${paramVariable(double)}; rename '${double}'`)
  const nested = names.find((name) => !isGiveable(shape[name]))
  if (nested !== undefined)
    throw misuse(`params: '${nested}' must be a string, int, number, boolean, secret or array of those`)
}

function collect(
  shape: Shape,
  problems: string[],
  valueOf: (name: string, field: Field<unknown>) => unknown,
): { readonly [name: string]: unknown } {
  const values: { [name: string]: unknown } = {}
  for (const [name, field] of Object.entries(shape)) {
    try {
      const value = valueOf(name, field)
      if (value !== undefined) values[name] = value
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      problems.push(error.message)
    }
  }
  return Object.freeze(values)
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 1) throw badOption(problems.join())
  if (problems.length > 1)
    throw badOption(`${problems.length} parameters are wrong:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
}

function unknownNames(shape: Shape, set: { readonly [name: string]: unknown }): string[] {
  const names = Object.keys(shape)
  const all = names.length === 0 ? 'the topology has no parameters' : `parameters are ${names.join(', ')}`
  return Object.keys(set)
    .filter((name) => !Object.hasOwn(shape, name))
    .map((name) => {
      const meant = nearMiss(name, names)
      return `${name}: there is no such parameter${meant === undefined ? `; ${all}` : `; did you mean ${meant}?`}`
    })
}

function resolve(name: string, field: Field<unknown>, { set = {}, env = {}, readFile }: ParamInputs): unknown {
  const given = set[name] ?? env[paramVariable(name)]
  if (isSecret(field)) return given === undefined ? absent(name, field) : secretFrom(name, given, env, readFile)
  return given === undefined ? (field.default ?? absent(name, field)) : parseParam(name, field, given)
}

function absent(name: string, field: Field<unknown>): undefined {
  if (field.kind === 'optional') return undefined
  const how = isSecret(field) ? `--set ${name}=env:NAME or ${name}=file:PATH` : `--set ${name}=…`
  const doc = field.doc === undefined ? '' : ` (${field.doc})`
  throw badOption(`${name}: is missing${doc}; give ${how}, or set ${paramVariable(name)}`)
}

function stand(name: string, field: Field<unknown>): unknown {
  if (field.default !== undefined) return field.default
  if (isSecret(field)) return closedSecret(name)
  return field.kind === 'string' ? `<${name}>` : absent(name, field)
}

const isGiveable = (field: Field<unknown> | undefined): boolean =>
  field !== undefined && (isSecret(field) || isFlat(field))
