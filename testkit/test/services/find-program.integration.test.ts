import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../../src/services/find-program.ts'
import { MissingProgram } from '../../src/services/missing-program.ts'
import type { Recipe } from '../../src/services/program.ts'
import { redisRecipe } from '../../src/services/redis-recipe.ts'
import { valkeyRecipe } from '../../src/services/valkey-recipe.ts'
import { fakePrograms } from '../support/fake-programs.ts'
import { startProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let folder: string
let services: string

beforeEach(() => {
  folder = temporaryFolder()
  services = join(folder, 'services')
})

type Scripts = { readonly [name: string]: string }

/** An environment whose PATH has these programs, and the system's own behind them where scripts need some. */
const environment = (scripts: Scripts, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: fakePrograms(join(folder, 'bin'), scripts),
  MILLRACE_TEST_SERVICES: services,
  ...more,
})

function missing(recipe: Recipe, env: NodeJS.ProcessEnv): MissingProgram {
  try {
    findProgram(recipe, env)
  } catch (error) {
    if (error instanceof MissingProgram) return error
  }
  throw new Error('it was found')
}

// Stand-ins for apt-get and dpkg-deb that know one package with one program; `calls` holds what was asked.
const aptGet = (first = ':'): string => `
echo "apt-get $*" >> "$CALLS"
${first}
case "$*" in
  *--simulate*) echo 'Inst liblzf1 (3.6-3 Debian [amd64])' ;;
  *download*) /bin/touch redis-tools.deb liblzf1.deb ;;
esac`
const dpkgDeb = `
/bin/mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
printf '#!/bin/sh\\n' > "$3/usr/bin/redis-check-rdb"
/bin/chmod +x "$3/usr/bin/redis-check-rdb"`

const withApt = (scripts: Scripts, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv =>
  environment({ 'dpkg-deb': dpkgDeb, ...scripts }, { CALLS: join(folder, 'calls'), ...more })
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')

describe('a program is found', () => {
  test('where the environment says', () => {
    const named = join(fakePrograms(join(folder, 'mine'), { valkey: '' }), 'valkey')
    const env = environment({ 'valkey-server': '' }, { MILLRACE_TEST_VALKEY: named })
    expect(findProgram(valkeyRecipe, env).command).toBe(named)
    const wrong = missing(valkeyRecipe, { ...env, MILLRACE_TEST_VALKEY: '/no/such/file' })
    expect(wrong).toMatchObject({ excusable: false, message: expect.stringContaining('/no/such/file') as string })
  })

  test('on PATH', () => {
    const env = environment({ 'redis-server': '' })
    expect(findProgram(redisRecipe, env)).toEqual({ command: join(folder, 'bin/redis-server'), env: {} })
  })

  test('in packages, which are fetched once', () => {
    const env = withApt({ 'apt-get': aptGet() })
    const found = findProgram(redisRecipe, env)
    expect(found.command).toBe(join(services, 'redis/usr/bin/redis-server'))
    expect(found.env).toEqual({ LD_LIBRARY_PATH: join(services, 'redis/usr/lib/x86_64-linux-gnu') })
    expect(findProgram(redisRecipe, env)).toEqual(found)
    expect(calls()).toEqual([
      'apt-get install --simulate --no-install-recommends redis-tools',
      'apt-get download redis-tools liblzf1',
    ])
    expect(readdirSync(join(services, 'redis'))).toEqual(['usr'])
  })

  test('in packages by lists of its own, when the system has none', () => {
    const withoutLists = 'case "$*" in *lists=*) ;; *) echo "E: Unable to locate package" >&2; exit 100 ;; esac'
    const found = findProgram(redisRecipe, withApt({ 'apt-get': aptGet(withoutLists) }))
    expect(existsSync(found.command)).toBe(true)
    expect(calls().filter((call) => call.endsWith('update'))).toHaveLength(1)
  })
})

describe('a program is missing', () => {
  test('excusably where nothing could fetch it', () => {
    expect(missing(redisRecipe, environment({}, { CI: 'true' }))).toMatchObject({
      excusable: true,
      message: 'redis-server is not on PATH, and without apt-get and dpkg-deb it cannot be fetched',
    })
  })

  test('excusably on a developer’s machine without a network, not in continuous integration', () => {
    const env = withApt({ 'apt-get': aptGet('echo "E: Failed to fetch" >&2; exit 100') })
    const { excusable, message } = missing(redisRecipe, env)
    expect(excusable).toBe(true)
    expect(message).toMatch(/^redis-server is not on PATH, and could not be fetched: apt-get .*: E: Failed to fetch$/)
    expect(missing(redisRecipe, { ...env, CI: 'true' }).excusable).toBe(false)
  })

  test('when its copy does not run, of which nothing is left', () => {
    const broken = `${dpkgDeb}\necho 'echo "no such libc" >&2; exit 1' >> "$3/usr/bin/redis-check-rdb"`
    expect(missing(redisRecipe, withApt({ 'apt-get': aptGet(), 'dpkg-deb': broken })).message).toMatch(/no such libc$/)
    expect(readdirSync(services)).toEqual([])
  })
})

test('processes that fetch it at once all find it whole', async () => {
  const fixture = join(import.meta.dirname, 'fixtures/find-redis.ts')
  const env = withApt({ 'apt-get': aptGet() })
  const processes = Array.from({ length: 4 }, () => startProcess(process.execPath, [fixture], env))
  for (const { ended } of processes) expect(await ended).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(services)).toEqual(['redis'])
})
