import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { badOption, type Field, type ParamInputs, paramVariable, resolveParams, Secret } from '@millrace/core'
import type { Io } from './io.ts'
import type { AnyTopology } from './load-topology.ts'

/** Values of parameters by name; the redactor knows the secrets among them. */
export interface Params {
  readonly [name: string]: unknown
}

/** Values given with `--set name=value`. The last one of a name counts. */
export function parseSet(pairs: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(pairs.map((pair) => [nameIn(pair), pair.slice(pair.indexOf('=') + 1)]))
}

function nameIn(pair: string): string {
  const at = pair.indexOf('=')
  if (at > 0) return pair.slice(0, at)
  throw badOption(`--set: ${JSON.stringify(pair)} is no parameter with its value; write --set name=value`)
}

/** The values to run a topology with: from `--set`, the environment, defaults. Throws BAD_OPTION. */
export const runParams = (topology: AnyTopology, pairs: readonly string[], io: Io): Params =>
  resolved(topology, parseSet(pairs), io)

/** The values to describe a topology with: a text without value stands as `<name>`, and a secret needs none. */
export function describingParams(topology: AnyTopology, pairs: readonly string[], io: Io): Params {
  const set = parseSet(pairs)
  const isGiven = (name: string): boolean => Object.hasOwn(set, name) || io.env[paramVariable(name)] !== undefined
  const open = Object.entries(topology.params).filter(([name, field]) => !isGiven(name) && field.default === undefined)
  const standIns = open.map(([name, field]) => [name, standIn(name, field)]).filter(([, value]) => value !== undefined)
  return resolved(topology, { ...Object.fromEntries(standIns), ...set }, io)
}

function standIn(name: string, { kind }: Field<unknown>): unknown {
  if (kind === 'string') return `<${name}>`
  return kind === 'secret' ? new Secret(() => `<${name}>`) : undefined
}

function resolved({ params }: AnyTopology, set: NonNullable<ParamInputs['set']>, { cwd, env, redactor }: Io): Params {
  const readFile = (path: string): string => readFileSync(resolve(cwd, path), 'utf8')
  const values: Params = resolveParams(params, { set, env, readFile })
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof Secret ? redactor.watch(value) : value]),
  )
}
