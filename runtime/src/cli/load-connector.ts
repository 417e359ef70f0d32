import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { badOption } from '@millrace/core'

/**
 * A part of a connector that a command needs, of the copy that the user has installed, or else of one beside this package. Throws
 * BAD_OPTION when there is none.
 */
export async function loadConnector<T>(name: string, part: string, cwd: string): Promise<T> {
  const specifier = `${name}/${part}`
  for (const from of [pathToFileURL(join(cwd, 'index.js')).href, import.meta.url]) {
    const file = resolveFrom(from, specifier)
    if (file !== undefined) return (await import(pathToFileURL(file).href)) as T
  }
  throw badOption(`${specifier}: is not installed; npm install ${name}`)
}

function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier)
  } catch {
    return undefined
  }
}
