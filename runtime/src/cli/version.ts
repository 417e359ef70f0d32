import { readFileSync } from 'node:fs'

/** The version of this package, as its package.json says, from `src` and from `dist` alike. */
export function version(): string {
  const { version: found } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return found
}
