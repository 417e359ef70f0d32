import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { badOption, isMillraceError, MillraceError, type Topology } from '@millrace/core'
import { messageOf } from './error-text.ts'
import { syntaxExcerpt } from './syntax-excerpt.ts'
import { userPlace } from './user-place.ts'

/** A topology of whatever parameters, sources and sinks. */
export type AnyTopology = Topology<unknown, unknown, unknown>

/**
 * The default export of a file. Throws BAD_OPTION when there is no such file, BAD_TOPOLOGY when it does not load or
 * exports something else; both name the file.
 */
export async function loadTopology(path: string, cwd: string): Promise<AnyTopology> {
  const file = resolve(cwd, path)
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) throw badOption(`${path}: there is no such file; looked for ${file}`)
  if (stats.isDirectory())
    throw badOption(`${path}: is a folder; name the file, e.g. ${path.replace(/\/*$/, '')}/topology.ts`)
  return topologyIn(await load(path, file), path)
}

async function load(path: string, file: string): Promise<{ readonly [name: string]: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { readonly [name: string]: unknown }
  } catch (error) {
    throw loadError(error, path, file)
  }
}

function loadError(error: unknown, path: string, file: string): unknown {
  if (isMillraceError(error)) return error
  const context = { cause: error }
  const excerpt = syntaxExcerpt(error, file)
  if (excerpt !== undefined)
    return new MillraceError('BAD_TOPOLOGY', `${path}: ${messageOf(error)}\n\n${excerpt}\n`, context)
  if (isNotFound(error))
    return new MillraceError('BAD_TOPOLOGY', `${path}: ${messageOf(error)}${missingCure(error)}`, context)
  const place = userPlace(error)
  const at = place === undefined ? '' : ` (at ${place})`
  return new MillraceError('BAD_TOPOLOGY', `${path}: threw while it was loaded: ${messageOf(error)}${at}`, context)
}

const isNotFound = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'

function missingCure({ message }: Error): string {
  const [, name] = /Cannot find package '([^']+)'/.exec(message) ?? []
  return name === undefined ? '; is the path right, with its .ts?' : `; install it: npm install ${name}`
}

function topologyIn(module: { readonly [name: string]: unknown }, path: string): AnyTopology {
  const found = module['default']
  if (isTopology(found)) return found
  const others = Object.keys(module).filter((name) => isTopology(module[name]))
  const [other] = others
  const cure =
    other === undefined
      ? "write export default topology('…').sources(…).build(…)"
      : `${other} is one: write export default ${other}`
  throw new MillraceError(
    'BAD_TOPOLOGY',
    `${path}: the default export must be a topology, but ${describe(found)}; ${cure}`,
  )
}

/** By its shape: the file may bring its own copy of the package. */
const isTopology = (value: unknown): value is AnyTopology =>
  isObject(value) &&
  typeof value['name'] === 'string' &&
  isObject(value['params']) &&
  typeof value['graph'] === 'function' &&
  typeof value['explain'] === 'function'

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null

function describe(value: unknown): string {
  if (value === undefined) return 'there is none'
  if (value === null) return 'it is null'
  if (Array.isArray(value)) return 'it is an array'
  if (value instanceof Promise) return 'it is a promise (await it)'
  if (isObject(value) && (isCall(value['sources']) || isCall(value['build'])))
    return 'it is not finished: .build(…) is not called'
  return `it is ${typeof value === 'object' ? 'an object' : `a ${typeof value}`}`
}

const isCall = (value: unknown): boolean => typeof value === 'function'
