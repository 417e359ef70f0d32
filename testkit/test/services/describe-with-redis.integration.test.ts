import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakePrograms } from '../support/fake-programs.ts'
import { type Ended, startProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = join(import.meta.dirname, '../../..')

/** Another test file on a machine that has only these programs. */
function runTests(scripts: { readonly [name: string]: string }, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const folder = temporaryFolder()
  const PATH = fakePrograms(join(folder, 'bin'), scripts)
  const file = join(root, 'testkit/test/services/any-redis.integration.test.ts')
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', root, file]
  const env = { PATH, MILLRACE_TEST_SERVICES: join(folder, 'services'), CI: '', NO_COLOR: '1', ...more }
  return startProcess(process.execPath, args, env).ended
}

test('tests without their server are skipped, and the reason is said once', async () => {
  const { code, stdout, stderr } = await runTests({})
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(stdout).toMatch(/2 skipped/)
  expect((stdout + stderr).match(/Skipped: redis-server is not on PATH, and without .*/g)).toHaveLength(1)
})

test('tests without their server fail in continuous integration that could have fetched it', async () => {
  const failing = 'echo "E: no network" >&2; exit 100'
  const { code, stdout, stderr } = await runTests({ 'apt-get': failing, 'dpkg-deb': failing }, { CI: 'true' })
  expect(code).toBe(1)
  expect(stdout + stderr).toMatch(
    /MissingProgram: redis-server is not on PATH, and could not be fetched: .*E: no network/,
  )
})
