import { describe, expect, test } from 'vitest'
import { fixture } from './support/fixture.ts'
import { folder } from './support/folder.ts'
import { millrace } from './support/millrace.ts'
import { allowProcesses } from './support/slow.ts'

allowProcesses()

const explain = async (text: string) => {
  const cwd = folder({ 'topology.ts': text })
  const { code, stderr, stdout } = await millrace(['explain', 'topology.ts'], { cwd })
  return { code, stdout, stderr: stderr.replaceAll(cwd, '<cwd>') }
}

const start = `import { from, topology } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
`

describe('a file that is no topology is refused with exit code 2:', () => {
  test.for([
    {
      what: 'no default export',
      text: 'export const x: number = 1',
      says: 'but there is none; write export default topology(',
    },
    { what: 'a number', text: 'export default 1', says: 'but it is a number; write export default' },
    { what: 'a function', text: 'export default () => 1', says: 'but it is a function' },
    { what: 'null', text: 'export default null', says: 'but it is null' },
    { what: 'a list', text: 'export default []', says: 'but it is an array' },
    { what: 'a promise', text: 'export default Promise.resolve(1)', says: 'but it is a promise (await it)' },
    {
      what: 'a draft',
      text: `${start}export default topology('t').sources(() => ({}))`,
      says: 'but it is not finished: .build(…) is not called',
    },
    {
      what: 'a topology under another name',
      text: `${start}export const mine = topology('t').sources(() => ({ a: from(scripted<string>()) })).build(({ a }) => ({ b: a.to(collecting()) }))`,
      says: 'but there is none; mine is one: write export default mine',
    },
  ])('$what', async ({ text, says }) => {
    const { code, stderr } = await explain(text)
    expect(stderr).toMatch(/^error: topology\.ts: the default export must be a topology, /)
    expect(stderr).toContain(says)
    expect(code).toBe(2)
  })
})

test('shows the line of a syntax error', async () => {
  const { code, stderr } = await explain('const x: number = 1\nconst y = = 2\nexport default x\n')
  expect(code).toBe(2)
  expect(stderr).toBe(`error: topology.ts: Expression expected
  
  <cwd>/topology.ts:2
  const x: number = 1
  const y = = 2
            ^
  export default x
  
  code       BAD_TOPOLOGY
`)
})

test('shows the line of an error that the compiler finds, also in another file', async () => {
  const cwd = folder({ 'topology.ts': "import './other.ts'\n", 'other.ts': 'const a = 1\nconst a = 2\n' })
  const { code, stderr } = await millrace(['explain', 'topology.ts'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain("error: topology.ts: Identifier 'a' has already been declared")
  expect(stderr).toContain(`${cwd}/other.ts:2\n  const a = 2\n`)
})

test('does not take for a syntax error of the file what came of its data', async () => {
  const { stderr } = await explain("export default JSON.parse('{')\n")
  expect(stderr).toContain('error: topology.ts: threw while it was loaded: ')
  expect(stderr).toContain('(at <cwd>/topology.ts:1:21)')
})

test('shows the line of TypeScript that cannot be stripped', async () => {
  const { stderr } = await explain('export enum Colour {\n  Red,\n}\n')
  expect(stderr).toContain('TypeScript enum is not supported in strip-only mode')
  expect(stderr).toContain('<cwd>/topology.ts:1')
})

test('shows the line of an import that does not exist', async () => {
  const { stderr } = await explain("import { topologie } from '@millrace/core'\nexport default topologie\n")
  expect(stderr).toContain("does not provide an export named 'topologie'")
  expect(stderr).toContain('<cwd>/topology.ts:1')
})

test('says how to get a package that is missing', async () => {
  const { code, stderr } = await explain("import 'not-there'\n")
  expect(stderr).toContain(
    "Cannot find package 'not-there' imported from <cwd>/topology.ts; install it: npm install not-there",
  )
  expect(code).toBe(2)
})

test('says where a file throws that is loaded', async () => {
  const { code, stderr } = await explain('const a: string[] = []\n\nexport default a[0].length\n')
  expect(stderr).toContain('error: topology.ts: threw while it was loaded: Cannot read properties of undefined')
  expect(stderr).toContain('(at <cwd>/topology.ts:3:21)')
  expect(code).toBe(2)
})

test('says where a function throws that describes the topology', async () => {
  const text = `${start}export default topology('t').params({}).sources(() => {
  throw new TypeError('no such stream')
}).build(() => ({}))`
  const { code, stderr } = await explain(text)
  expect(stderr).toContain('no such stream (at <cwd>/topology.ts:4:9)')
  expect(code).toBe(2)
})

test('names a file that is not there, and a folder', async () => {
  const cwd = folder()
  expect(await millrace(['explain', 'nope.ts'], { cwd })).toMatchObject({
    code: 2,
    stderr: `error: nope.ts: there is no such file; looked for ${cwd}/nope.ts\n  code       BAD_OPTION\n`,
  })
  expect((await millrace(['explain', '.'], { cwd })).stderr).toContain(
    '.: is a folder; name the file, e.g. ./topology.ts',
  )
})

test('names the parameter that is wrong, and the one that was meant', async () => {
  const cwd = folder()
  const says = async (...args: string[]) =>
    (await millrace(['explain', fixture('page-views'), ...args], { cwd })).stderr
  expect(await says('--set', 'titl=x')).toContain('error: titl: there is no such parameter; did you mean title?')
  expect(await says('--set', 'size=big')).toContain('error: size: "big" is not a whole number')
  expect(await says('--set', 'size')).toContain(
    'error: --set: "size" is no parameter with its value; write --set name=value',
  )
})
