import { badOption, MillraceError } from '../errors.ts'
import { Secret, type Field, type OfShape, type Shape } from '../fields.ts'
import { misuse } from './misuse.ts'
import { nearMiss } from './near-miss.ts'

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
  const nested = names.find((name) => !isFlat(shape[name]))
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
  return given === undefined ? (field.default ?? absent(name, field)) : parse(name, field, given)
}

function absent(name: string, field: Field<unknown>): undefined {
  if (field.kind === 'optional') return undefined
  const how = isSecret(field) ? `--set ${name}=env:NAME or ${name}=file:PATH` : `--set ${name}=…`
  const doc = field.doc === undefined ? '' : ` (${field.doc})`
  throw badOption(`${name}: is missing${doc}; give ${how}, or set ${paramVariable(name)}`)
}

/** Text is parsed, a value of the right type is taken as it is. */
function parse(name: string, field: Field<unknown>, given: unknown): unknown {
  if (field.kind === 'optional' && field.of) return parse(name, field.of, given)
  if (field.kind === 'array') return parseArray(name, field, given)
  const value = typeof given === 'string' ? fromText(field, given) : given
  if (isOf(field, value)) return value
  throw badOption(`${name}: ${JSON.stringify(given)} is not ${words[field.kind] ?? field.kind}`)
}

function parseArray(name: string, { of }: Field<unknown>, given: unknown): unknown {
  const items: unknown = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given
  if (!Array.isArray(items))
    throw badOption(`${name}: ${JSON.stringify(given)} is not a list; write items with commas between`)
  if (of === undefined || given === '') return []
  return items.map((item: unknown) => parse(name, of, item))
}

function fromText({ kind }: Field<unknown>, text: string): unknown {
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  if (kind !== 'int' && kind !== 'number') return text
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function isOf({ kind }: Field<unknown>, value: unknown): boolean {
  if (kind === 'int') return Number.isSafeInteger(value)
  if (kind === 'number') return Number.isFinite(value)
  return typeof value === kind
}

const words: { readonly [kind: string]: string } = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
}

/** The value of a secret never appears in an error, not even a mistaken one. */
function secretFrom(
  name: string,
  given: unknown,
  env: ParamInputs['env'] = {},
  readFile: ParamInputs['readFile'],
): Secret {
  if (given instanceof Secret) return given
  const [, kind, place = ''] = /^(env|file):(.+)$/s.exec(String(given)) ?? []
  if (kind === undefined) throw badOption(`${name}: is a secret; give env:NAME or file:PATH, never the secret itself`)
  const read = kind === 'env' ? () => env[place] : () => readFile?.(place).replace(/\r?\n$/, '')
  const secret = new Secret(() => revealed(name, `${kind}:${place}`, read))
  secret.reveal()
  return secret
}

function revealed(name: string, place: string, read: () => string | undefined): string {
  try {
    const text = read()
    if (text !== undefined && text !== '') return text
  } catch (cause) {
    throw new MillraceError('BAD_OPTION', `${name}: the secret at ${place} cannot be read`, { cause })
  }
  throw badOption(`${name}: there is no secret at ${place}`)
}

function stand(name: string, field: Field<unknown>): unknown {
  if (field.default !== undefined) return field.default
  if (isSecret(field)) return new Secret(() => revealed(name, 'explain()', () => undefined))
  return field.kind === 'string' ? `<${name}>` : absent(name, field)
}

const isSecret = (field: Field<unknown>): boolean =>
  field.kind === 'secret' || (field.kind === 'optional' && field.of?.kind === 'secret')

function isFlat(field: Field<unknown> | undefined): boolean {
  if (field?.kind === 'optional') return isFlat(field.of)
  if (field?.kind === 'array') return field.of !== undefined && field.of.kind in words
  return field !== undefined && (field.kind === 'secret' || field.kind in words)
}
