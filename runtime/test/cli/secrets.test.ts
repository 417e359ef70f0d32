import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixture } from './support/fixture.ts'
import { folder } from './support/folder.ts'
import { type Ended, millrace } from './support/millrace.ts'
import { allowProcesses } from './support/slow.ts'

allowProcesses()

const password = 'p@ss/w"rd-1234'

/** As the text itself, in a URL, in JSON. */
const spellings = [password, encodeURIComponent(password), JSON.stringify(password).slice(1, -1)]

const secretive = (command: string, leak: string, ...args: string[]): Promise<Ended> => {
  const set = ['--set', 'password=env:SECRET', '--set', `leak=${leak}`]
  return millrace([command, fixture('secretive'), ...set, ...args], { cwd: folder(), env: { SECRET: password } })
}

function expectHidden({ stdout, stderr }: Ended, shown = '[secret]'): void {
  for (const spelling of spellings) expect(`${stdout}${stderr}`).not.toContain(spelling)
  expect(`${stdout}${stderr}`).toContain(shown)
}

describe('a secret is not printed', () => {
  test('in a plan that a connector describes', async () => expectHidden(await secretive('explain', 'description')))
  test('in a Mermaid plan', async () => expectHidden(await secretive('explain', 'description', '--mermaid')))
  test('in an error of a topology', async () => expectHidden(await secretive('validate', 'build')))
  test('in JSON', async () => expectHidden(await secretive('validate', 'build', '--json')))
  test('when all goes well', async () =>
    expectHidden(await secretive('run', 'nowhere', '--log-level', 'debug'), 'summary'))
  test('in a warning', async () => expectHidden(await secretive('run', 'warning')))
  test('in what a stray function throws', async () => expectHidden(await secretive('run', 'stray')))

  test.for(['terminal', 'json'])('when a sink fails, at debug, in the log for %s', async (progress) => {
    const ended = await secretive('run', 'sink', '--log-level', 'debug', '--progress', progress)
    expect(ended.code).toBe(1)
    expectHidden(ended)
  })

  test.for(['terminal', 'json'])('when a function fails, at debug, in the log for %s', async (progress) => {
    const ended = await secretive('run', 'function', '--log-level', 'debug', '--progress', progress)
    expect(ended.code).toBe(1)
    expectHidden(ended)
  })

  test('when it is given as such by mistake', async () => {
    const cwd = folder()
    const ended = await millrace(['run', fixture('secretive'), '--set', `password=${password}`], { cwd })
    expect(ended.code).toBe(2)
    expectHidden(ended, 'password: is a secret; give env:NAME or file:PATH')
  })
})

test('a secret is read from a file, relative to the current folder', async () => {
  const cwd = folder()
  writeFileSync(join(cwd, 'pw.txt'), `${password}\n`)
  const ended = await millrace(['run', fixture('secretive'), '--set', 'password=file:pw.txt', '--set', 'leak=sink'], {
    cwd,
  })
  expectHidden(ended, '401 for [secret]')
})

test('a secret that is missing is named with its doc', async () => {
  const { code, stderr } = await millrace(['run', fixture('secretive')], { cwd: folder() })
  expect(code).toBe(2)
  expect(stderr).toContain('password: is missing (what nobody may see); give --set password=env:NAME')
})
