import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finishedJob, stateFile } from '../support/finished-job.ts'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { inProcess } from '../support/in-process.ts'
import { logLines, millrace, startMillrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

const run = (command: string, cwd: string) => inProcess(command.split(' '), cwd)

test('a job goes on from what was exported, in another state file', async () => {
  const cwd = folder()
  const job = startMillrace(['run', fixture('keeping'), '--state', 'a.db', '--checkpoint-every', '1ms'], { cwd })
  await job.says('{"n":1}')
  job.kill('SIGTERM')
  await job.ended
  expect((await run('checkpoints export it.export --state a.db', cwd)).stdout).toMatch(
    /^it\.export: job keeping, 1 task, state \d+ B, 0 B in exchanges, [\d.]+ KiB\n$/,
  )
  expect((await run('checkpoints import it.export --state b/b.db', cwd)).stdout).toMatch(
    /^b\/b\.db: job keeping, 1 task, state \d+ B, 0 B in exchanges\n$/,
  )
  const show = async (state: string) =>
    JSON.parse((await run(`checkpoints show --json --state ${state}`, cwd)).stdout) as object
  const { ageMs: _a, ...before } = (await show('a.db')) as { readonly ageMs: number }
  const { ageMs: _b, ...after } = (await show('b/b.db')) as { readonly ageMs: number }
  expect(after).toEqual(before)

  const next = startMillrace(['run', fixture('keeping'), '--state', 'b/b.db'], { cwd })
  await next.says('{"from":1}')
  next.kill('SIGTERM')
  expect(await next.ended).toMatchObject({ code: 0, stdout: '{"from":1}\n' })
})

test('a finished job stays finished', async () => {
  const cwd = await finishedJob()
  expect((await run('checkpoints export pv.export --json', cwd)).code).toBe(0)
  expect(JSON.parse((await run('checkpoints import pv.export --state b.db --json', cwd)).stdout)).toMatchObject({
    state: 'b.db',
    job: 'page-views',
    tasks: 1,
  })
  const again = await millrace(['run', fixture('page-views'), '--state', 'b.db'], { cwd })
  expect(logLines(again).at(-1)).toMatchObject({ ending: 'nothing new' })
})

test('is not put over what is there unless forced to, and then dead letters stay', async () => {
  const cwd = await finishedJob()
  await run('checkpoints export pv.export', cwd)
  expect(await run('checkpoints export pv.export', cwd)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('file: pv.export is there already; give --force'),
  })
  expect(await run(`checkpoints import pv.export --state ${stateFile}`, cwd)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`--force: ${stateFile} has 1 tasks of job page-views`),
  })
  const runOf = async () => (JSON.parse((await run('checkpoints show --json', cwd)).stdout) as { run: string }).run
  const before = await runOf()
  expect((await run(`checkpoints import pv.export --state ${stateFile} --force`, cwd)).code).toBe(0)
  // the record is as it was; only what is written next belongs to the new run
  expect(await runOf()).toBe(before)
  expect(JSON.parse((await run('dlq ls --json', cwd)).stdout)).toHaveLength(2)
  expect((await millrace(['run', fixture('page-views')], { cwd })).code).toBe(0)
})

test('is refused while the job runs', async () => {
  const cwd = folder()
  const job = startMillrace(['run', fixture('endless'), '--checkpoint-every', '1ms'], { cwd })
  await job.says('{"n":3}')
  const says = `process ${job.pid} runs the job at .millrace/endless.db: stop all workers first`
  for (const command of ['checkpoints export x.export', 'rewind --to start --yes'])
    expect(await run(command, cwd)).toMatchObject({ code: 2, stderr: expect.stringContaining(says) })
  expect(existsSync(join(cwd, 'x.export'))).toBe(false)
})

test('a damaged file changes nothing', async () => {
  const cwd = await finishedJob()
  await run('checkpoints export pv.export', cwd)
  const whole = readFileSync(join(cwd, 'pv.export'))
  writeFileSync(join(cwd, 'pv.export'), whole.subarray(0, -10))
  const damaged = await run(`checkpoints import pv.export --state ${stateFile} --force`, cwd)
  expect(damaged).toMatchObject({ code: 1, stderr: expect.stringMatching(/pv\.export: .*take another copy/) })
  expect((await run('checkpoints ls', cwd)).stdout).toContain('page-views')
})

test('an export of another job is refused', async () => {
  const cwd = await finishedJob()
  await run('checkpoints export pv.export', cwd)
  expect(await run('checkpoints import pv.export --state b.db --job other', cwd)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--job: the export is of job 'page-views'"),
  })
})

test('a job begins anew after a rewind', async () => {
  const cwd = await finishedJob()
  expect(await run('rewind --to start --yes', cwd)).toMatchObject({
    code: 0,
    stdout: `${stateFile}: page-views begins again from the start with its next start\n`,
  })
  expect((await run('checkpoints ls', cwd)).stdout).toContain('has no checkpoint yet')
  const again = await millrace(['run', fixture('page-views')], { cwd })
  expect(logLines(again).at(-1)).toMatchObject({ ending: 'finished', records: 6, written: 3 })
})

test('a rewind to a moment begins where the source was then', async () => {
  const cwd = folder()
  const timed = async () => (await millrace(['run', fixture('timed'), '--state', 's.db'], { cwd })).stdout
  expect((await timed()).trim().split('\n')).toHaveLength(4)
  const rewind = (path: string) =>
    millrace(['rewind', path, '--to', '2026-01-01T00:20:00Z', '--state', 's.db', '--yes'], { cwd })
  expect(await rewind(fixture('timed'))).toMatchObject({ code: 0, stderr: '' })
  expect(await timed()).toBe([20, 30].map((minute) => `{"at":${Date.UTC(2026, 0, 1, 0, minute)}}\n`).join(''))
  expect(await rewind(fixture('page-views'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--to: views (scripted) cannot tell where it was at a moment'),
  })
})

test('a rewind asks before it forgets anything', async () => {
  const cwd = await finishedJob()
  const answer = (text: string | undefined) => inProcess(['rewind', '--to', 'start'], cwd, { ask: async () => text })
  expect(await answer(undefined)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--yes: give it where nobody'),
  })
  expect(await answer('no')).toMatchObject({ code: 1, stderr: 'nothing was changed\n' })
  expect((await run('checkpoints ls', cwd)).stdout).toContain('page-views')
  expect(await answer('y')).toMatchObject({ code: 0 })
})

test.for([
  ['rewind --to start', '--state: name the state file'],
  ['rewind --to now --state s.db', "--to: must be 'start', or a moment with its zone"],
  ['rewind --to 2026-11-26 --state s.db', "--to: must be 'start', or a moment with its zone"],
  ['rewind --to 2026-11-26T10:00:00Z --state s.db', 'topology.ts: name it'],
] as const)('%s is refused', async ([command, says]) => {
  expect(await run(command, folder())).toMatchObject({ code: 2, stderr: expect.stringContaining(says) })
})
