import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A script as it is sent, once, and named after that. */
export interface LuaScript {
  readonly name: string
  readonly source: string
  /** SHA-1, hex: how a Redis calls it. */
  readonly sha: string
}

const loaded = new Map<string, LuaScript>()

/** Reads a script of `lua/`, with its parts: `-- @include name` stands for `lua/parts/name.lua`, once. */
export function luaScript(name: string): LuaScript {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const source = expand(read(`${name}.lua`), new Set())
  const script = { name, source, sha: createHash('sha1').update(source).digest('hex') }
  loaded.set(name, script)
  return script
}

const expand = (source: string, included: Set<string>): string =>
  source.replaceAll(/^-- @include ([\w-]+)\n/gm, (_, part: string) => {
    if (included.has(part)) return ''
    included.add(part)
    return expand(read(`parts/${part}.lua`), included)
  })

const read = (file: string): string => readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8')
