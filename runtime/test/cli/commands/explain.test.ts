import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { millrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

test('prints the plan, with the values of parameters', async () => {
  const args = ['explain', fixture('page-views'), '--set', 'size=30000']
  expect(await millrace(args, { cwd: folder() })).toMatchObject({ code: 0, stderr: '', stdout: plan })
})

const plan = `topology page-views

source views: scripted scripted(p0), event time from at
filter
keyBy page
⇄ exchange by page
window tumbling 30s aggregate { views: count }, state views.window
map
sink counts: lines lineSink(), exactly-once

dead letters: kept by the backplane
`

test('takes parameters from the environment', async () => {
  const place = { cwd: folder(), env: { MILLRACE_SIZE: '5000' } }
  expect((await millrace(['explain', fixture('page-views')], place)).stdout).toContain('tumbling 5s')
})

test('prints a Mermaid flowchart', async () => {
  const { code, stdout } = await millrace(['explain', fixture('page-views'), '--mermaid'], { cwd: folder() })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^flowchart TD\n {2}n0\(\["source views: /)
})

test('needs no secret to describe a topology', async () => {
  const { code, stdout } = await millrace(['explain', fixture('secretive')], { cwd: folder() })
  expect(code).toBe(0)
  expect(stdout).toContain('sink out: secretive secretive()')
})

test('lists all that is wrong with a topology, with its places', async () => {
  const text = `import { from, topology } from '@millrace/core'
import { scripted } from '@millrace/core/testing'
export default topology('t').sources(() => ({ a: from(scripted()), b: from(scripted()) })).build(() => ({}))`
  const cwd = folder({ 'topology.ts': text })
  const { code, stderr } = await millrace(['explain', 'topology.ts'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain("error: topology 't' cannot run:")
  expect(stderr).toContain("- source 'a' is read by no sink")
  expect(stderr).toContain(`(at ${cwd}/topology.ts:3:`)
})
