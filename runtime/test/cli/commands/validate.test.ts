import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { millrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

const pageViews = fixture('page-views')

test('accepts a sound topology', async () => {
  const ended = await millrace(['validate', pageViews], { cwd: folder() })
  expect(ended).toMatchObject({ code: 0, stdout: 'page-views: ok\n', stderr: '' })
})

test('refuses an unsound one with exit code 1, with each problem and its place', async () => {
  const text = `import { from, topology } from '@millrace/core'
import { scripted } from '@millrace/core/testing'
export default topology('t').sources(() => ({ a: from(scripted()) })).build(() => ({}))`
  const cwd = folder({ 'topology.ts': text })
  const { code, stderr } = await millrace(['validate', 'topology.ts'], { cwd })
  expect(code).toBe(1)
  expect(stderr).toContain("error: topology 't' cannot run:\n    - there is no sink")
  const json = await millrace(['validate', 'topology.ts', '--json'], { cwd })
  expect(json).toMatchObject({ code: 1, stderr: '' })
  expect(JSON.parse(json.stdout)).toMatchObject({
    accepted: false,
    code: 'BAD_TOPOLOGY',
    problems: [
      { message: expect.stringContaining('there is no sink') },
      {
        message: expect.stringContaining("source 'a' is read by no sink"),
        at: expect.stringContaining(`${cwd}/topology.ts:3:`),
      },
    ],
  })
})

test('says of each state what a start would make of it', async () => {
  const cwd = folder()
  await millrace(['run', pageViews, '--state', 's.db'], { cwd })
  const same = await millrace(['validate', pageViews, '--state', 's.db'], { cwd })
  expect(same).toMatchObject({ code: 0, stderr: '' })
  expect(same.stdout).toMatch(
    /^state +change\nviews\.window +same\n\npage-views: ok; with s\.db it goes on from checkpoint \d+\n$/,
  )

  const changed = ['validate', pageViews, '--state', 's.db', '--set', 'size=30000']
  const refused = await millrace(changed, { cwd })
  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/^views\.window +changed +window: .*60000.* → .*30000/m)
  expect(refused.stderr).toMatch(/^error: .*does not fit the topology/)
  expect(refused.stderr).toMatch(/^ {2}code +CHANGED_TOPOLOGY$/m)

  const json = await millrace([...changed, '--json'], { cwd })
  expect(JSON.parse(json.stdout)).toMatchObject({
    job: 'page-views',
    accepted: false,
    states: [{ name: 'views.window', change: 'changed', differences: [expect.stringContaining('window: ')] }],
  })
  expect((await millrace([...changed, '--drop', 'views.window'], { cwd })).code).toBe(0)
})

test('shows what is new, gone and renamed', async () => {
  const text = (name: string, options: string) => `import { count, from, topology, tumbling } from '@millrace/core'
import { collecting, scripted } from '@millrace/core/testing'
export default topology('t')
  .sources(() => ({ a: from(scripted({ partitions: { p: [{ k: 1 }] } })) }))
  .build(({ a }) => ({ b: a.keyBy('k').window(tumbling('1m'), { name: '${name}'${options} }).aggregate({ n: count() }).to(collecting()) }))`
  const cwd = folder({
    'a.ts': text('old', ''),
    'b.ts': text('fresh', ''),
    'c.ts': text('fresh', ", previousName: 'old'"),
  })
  await millrace(['run', 'a.ts', '--state', 's.db'], { cwd })
  const gone = await millrace(['validate', 'b.ts', '--state', 's.db'], { cwd })
  expect(gone.code).toBe(1)
  expect(gone.stdout).toMatch(/^fresh +new\nold +gone$/m)
  expect(gone.stderr).toContain("previousName: 'old'")
  const renamed = await millrace(['validate', 'c.ts', '--state', 's.db'], { cwd })
  expect(renamed.code).toBe(0)
  expect(renamed.stdout).toMatch(/^fresh +renamed +from old$/m)
})

test('names a state file that is not there, and one of another job', async () => {
  const cwd = folder()
  const missing = await millrace(['validate', pageViews, '--state', 'nope.db'], { cwd })
  expect(missing.code).toBe(2)
  expect(missing.stderr).toContain('error: --state: there is no state file nope.db')
  await millrace(['run', fixture('failing'), '--state', 's.db'], { cwd })
  const other = await millrace(['validate', pageViews, '--state', 's.db'], { cwd })
  expect(other.code).toBe(2)
  expect(other.stderr).toContain("s.db belongs to job 'failing'")
})
