import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finishedJob, stateFile } from '../support/finished-job.ts'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { millrace, startMillrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

test('lists the checkpoints that are kept, the last one first', async () => {
  const { code, stdout, stderr } = await millrace(['checkpoints', 'ls', '--state', stateFile], {
    cwd: await finishedJob(),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [titles, ...rows] = stdout.trimEnd().split('\n')
  expect(titles).toMatch(/^job +seq +taken +age +run +epoch +partitions +state +handles +finished$/)
  expect(rows).toHaveLength(2)
  expect(rows[0]).toMatch(/^page-views +\d+ +20\d\d-.*Z +[\d.]+\w+ +\w+ +1 +1 +\d+ B +0 +yes$/)
})

test('lists them as JSON', async () => {
  const { stdout } = await inProcess(['checkpoints', 'ls', '--json'], await finishedJob())
  const [last, before] = JSON.parse(stdout) as { readonly seq: number }[]
  expect(last).toMatchObject({ task: 'page-views', epoch: 1, partitions: 1, handles: 0, finished: true })
  expect(before?.seq).toBe((last?.seq ?? 0) - 1)
})

test('shows all that the last checkpoint holds', async () => {
  const { code, stdout } = await millrace(['checkpoints', 'show'], { cwd: await finishedJob() })
  expect(code).toBe(0)
  for (const line of [
    /^job +page-views$/m,
    /^seq +\d+$/m,
    /^taken +20\d\d-.* ago$/m,
    /^epoch +1$/m,
    /^handles +none$/m,
    /^finished +yes: /m,
    /^source +partition +position +watermark$/m,
    /^views +p0 +ended +1970-01-01 00:02:10Z$/m,
  ])
    expect(stdout).toMatch(line)
})

test('shows an earlier one, with the state and the output it names', async () => {
  const cwd = folder()
  const job = startMillrace(['run', fixture('keeping'), '--state', 's.db', '--checkpoint-every', '1ms'], { cwd })
  await job.says('{"n":1}')
  job.kill('SIGKILL')
  await job.ended
  const { stdout } = await inProcess(['checkpoints', 'show', '--state', 's.db'], cwd)
  expect(stdout).toMatch(/^state blob +kind +bytes +sha-256\n\S+ +(base|delta) +\d+ B +[0-9a-f]{12}$/m)
  const { seq } = JSON.parse((await inProcess(['checkpoints', 'show', '--state', 's.db', '--json'], cwd)).stdout) as {
    seq: number
  }
  const earlier = await inProcess(['checkpoints', 'show', '--state', 's.db', '--seq', String(seq - 1)], cwd)
  expect(earlier.stdout).toMatch(new RegExp(`^seq +${seq - 1}$`, 'm'))
})

test('shows it as JSON', async () => {
  const { stdout } = await inProcess(['checkpoints', 'show', '--json'], await finishedJob())
  expect(JSON.parse(stdout)).toMatchObject({
    task: 'page-views',
    positions: { views: { p0: null } },
    watermarks: { views: { partitions: { p0: 130_000 } } },
    topology: [{ name: 'views.window', kind: 'window' }],
    handles: [],
    finished: true,
  })
})

test('refuses what is not there, with exit code 2', async () => {
  const cwd = folder()
  const says = async (...args: string[]) => {
    const { code, stderr } = await inProcess(['checkpoints', ...args], cwd)
    expect(code).toBe(2)
    return stderr
  }
  expect(await says('ls')).toContain('error: --state: name the state file; there is none in ./.millrace')
  expect(await says('ls', '--state', 'nope.db')).toContain('error: --state: there is no state file nope.db')
  expect(await says('ls', '--job', 'nope')).toContain('error: --state: there is no state file .millrace/nope.db')
  expect(await says('show', '--seq', 'x')).toContain('Give a whole number, 1 or more.')
})

test('refuses a state file of another job, and a checkpoint that is no longer kept', async () => {
  const cwd = await finishedJob()
  const job = await inProcess(['checkpoints', 'show', '--job', 'other', '--state', stateFile], cwd)
  expect(job).toMatchObject({ code: 2, stderr: expect.stringContaining("belongs to job 'page-views'") })
  const seq = await inProcess(['checkpoints', 'show', '--seq', '999'], cwd)
  expect(seq).toMatchObject({ code: 2, stderr: expect.stringContaining('--seq: 999 is not kept; there are ') })
})

test('refuses a file that is no state file, and leaves it as it is', async () => {
  const cwd = folder()
  writeFileSync(join(cwd, 'notes.txt'), 'these are notes, and long enough to be looked at as a database\n'.repeat(20))
  const { code, stderr } = await inProcess(['checkpoints', 'ls', '--state', 'notes.txt'], cwd)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^ {2}code +CORRUPT_STATE$/m)
})

test('asks which one is meant when there are several', async () => {
  const cwd = await finishedJob()
  writeFileSync(join(cwd, '.millrace/other.db'), '')
  const { code, stderr } = await inProcess(['checkpoints', 'ls'], cwd)
  expect(code).toBe(2)
  expect(stderr).toContain('--state: name one of .millrace/other.db, .millrace/page-views.db')
  expect((await inProcess(['checkpoints', 'ls', '--job', 'page-views'], cwd)).code).toBe(0)
})
