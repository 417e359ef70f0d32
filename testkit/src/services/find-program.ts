import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fetchOnce } from './fetch-once.ts'
import { MissingProgram } from './missing-program.ts'
import type { Program, Recipe } from './program.ts'
import { runCommand } from './run-command.ts'

/** Variable of the environment with the folder of fetched copies; without it, that is `.services/` of the repository. */
const servicesVariable = 'MILLRACE_TEST_SERVICES'
const servicesFolder = join(import.meta.dirname, '../../../.services')

/**
 * Finds a program: named in the environment, on PATH, in our own copy, which is fetched when there is none. Blocks
 * meanwhile, some seconds the first time.
 * @throws MissingProgram
 */
export function findProgram(recipe: Recipe, env: NodeJS.ProcessEnv = process.env): Program {
  const installed = named(recipe, env) ?? onPath(recipe.name, env)
  if (installed !== undefined) return { command: installed, env: {} }
  const folder = join(env[servicesVariable] || servicesFolder, recipe.folder)
  if (!existsSync(folder)) fetch(recipe, folder, env)
  return recipe.programIn(folder)
}

function named({ variable }: Recipe, env: NodeJS.ProcessEnv): string | undefined {
  const path = variable === undefined ? undefined : env[variable]
  if (!path || isExecutable(path)) return path || undefined
  throw new MissingProgram(`${variable} names ${path}, which is no program`, { excusable: false })
}

function fetch(recipe: Recipe, folder: string, env: NodeJS.ProcessEnv): void {
  const tried = `${recipe.name} is not on PATH${recipe.variable ? `, ${recipe.variable} is not set` : ''}`
  const absent = recipe.clients.filter((client) => !onPath(client, env))
  if (absent.length > 0) {
    throw new MissingProgram(`${tried}, and without ${absent.join(' and ')} it cannot be fetched`, { excusable: true })
  }
  try {
    fetchOnce(folder, (into) => fill(recipe, into, env))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MissingProgram(`${tried}, and could not be fetched: ${why}`, { excusable: !env['CI'], cause })
  }
}

/** A copy that does not run, such as one for another libc, is none. */
function fill(recipe: Recipe, into: string, env: NodeJS.ProcessEnv): void {
  recipe.fetch(into, env)
  const program = recipe.programIn(into)
  runCommand(program.command, ['--version'], { env: { ...env, ...program.env } })
}

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
