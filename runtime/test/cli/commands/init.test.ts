import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { logLines, millrace, program } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

const root = join(import.meta.dirname, '../../../..')
const tool = (name: string): string => join(root, 'node_modules/.bin', name)

test('makes a project that type-checks, whose test passes, and that runs', async () => {
  const cwd = folder()
  const made = await millrace(['init', 'page-views'], { cwd })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(made.stdout).toContain('  cd page-views\n  npm install\n  npm test\n  npm start\n')
  const project = join(cwd, 'page-views')

  const types = await program(tool('tsc'), ['--customConditions', '@millrace/source'], { cwd: project })
  expect(types).toMatchObject({ code: 0, stdout: '' })

  // in this repository the packages are read from their sources
  const conditions = "['@millrace/source', 'module', 'node', 'development|production']"
  const config = `export default { resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions}, externalConditions: ['@millrace/source'] } }, test: { execArgv: ['--conditions', '@millrace/source'] } }`
  writeFileSync(join(project, 'vitest.config.ts'), config)
  const tests = await program(tool('vitest'), ['run'], { cwd: project })
  expect(tests.stdout).toMatch(/Tests .*3 passed/)
  expect(tests.code).toBe(0)

  const ran = await millrace(['run', 'topology.ts', '--set', 'views=20000'], { cwd: project })
  expect(ran.code).toBe(0)
  expect(logLines(ran).at(-1)).toMatchObject({ ending: 'finished', records: 20_000, deadLetters: 0 })
  const [file = '', ...others] = readdirSync(join(project, 'out')).filter((name) => name.endsWith('.ndjson'))
  expect(others).toEqual([])
  const lines = readFileSync(join(project, 'out', file), 'utf8')
    .trim()
    .split('\n')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    page: expect.stringMatching(/^\/page\//),
    views: expect.any(Number),
  })
})

test('names the package after its folder, and depends on this version', async () => {
  const cwd = folder()
  await inProcess(['init', 'My Project!'], cwd)
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { readonly [name: string]: never }
  const { version } = read(join(root, 'runtime/package.json'))
  const { devDependencies } = read(join(root, 'package.json')) as unknown as {
    devDependencies: { [name: string]: string }
  }
  expect(read(join(cwd, 'My Project!/package.json'))).toMatchObject({
    name: 'my-project',
    dependencies: {
      '@millrace/core': `^${version}`,
      '@millrace/file': `^${version}`,
      '@millrace/runtime': `^${version}`,
    },
    devDependencies: {
      '@types/node': devDependencies['@types/node'],
      typescript: `^${devDependencies['typescript']}`,
      vitest: devDependencies['vitest'],
    },
  })
})

test('overwrites nothing', async () => {
  const cwd = folder({ 'topology.ts': '// mine\n', 'README.md': '# mine\n' })
  const { code, stderr } = await inProcess(['init'], cwd)
  expect(code).toBe(2)
  expect(stderr).toContain(
    `error: folder: ${cwd} has package.json, topology.ts, README.md already, and nothing was written`,
  )
  expect(readdirSync(cwd).toSorted()).toEqual(['README.md', 'package.json', 'topology.ts'])
  expect(readFileSync(join(cwd, 'topology.ts'), 'utf8')).toBe('// mine\n')
})

test('says why a folder cannot be made', async () => {
  const cwd = folder({ taken: 'a file' })
  const { code, stderr } = await inProcess(['init', 'taken/page-views'], cwd)
  expect(code).toBe(2)
  expect(stderr).toMatch(/^error: folder: ENOTDIR.*; name a folder that you may write to$/m)
})
