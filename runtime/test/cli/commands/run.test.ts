import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { bin, logLines, millrace, program, startMillrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'

allowProcesses()

const pageViews = fixture('page-views')
const endless = fixture('endless')

const results = [
  { page: '/a', start: 0, end: 60_000, views: 2, title: 'views' },
  { page: '/b', start: 60_000, end: 120_000, views: 1, title: 'views' },
  { page: '/a', start: 120_000, end: 180_000, views: 1, title: 'views' },
]

const records = (stdout: string): unknown[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

test('runs a bounded job to its end: output on stdout, JSON lines on stderr, state in .millrace', async () => {
  const cwd = folder()
  const ended = await millrace(['run', pageViews], { cwd })
  expect(ended.code).toBe(0)
  expect(records(ended.stdout)).toEqual(results)
  expect(logLines(ended).at(-1)).toMatchObject({
    level: 'info',
    job: 'page-views',
    msg: 'summary',
    ending: 'finished',
    records: 6,
    written: 3,
    late: 1,
    deadLetters: 2,
    deadLettersAre: 'see them: millrace dlq ls --state .millrace/page-views.db',
    statePath: '.millrace/page-views.db',
  })
  expect(existsSync(join(cwd, '.millrace/page-views.db'))).toBe(true)
})

test('finds nothing new when it is started again', async () => {
  const cwd = folder()
  await millrace(['run', pageViews], { cwd })
  const again = await millrace(['run', pageViews], { cwd })
  expect(again).toMatchObject({ code: 0, stdout: '' })
  expect(logLines(again).at(-1)).toMatchObject({ ending: 'nothing new', records: 0 })
})

test('gives parameters to the topology', async () => {
  const { stdout } = await millrace(['run', pageViews, '--set', 'title=a=b', '--set', 'size=1000000'], {
    cwd: folder(),
  })
  expect(records(stdout)).toContainEqual({ page: '/a', start: 0, end: 1_000_000, views: 4, title: 'a=b' })
})

test('keeps no state when told so', async () => {
  const cwd = folder()
  const ended = await millrace(['run', pageViews, '--state', 'memory', '--summary', 'text'], { cwd })
  expect(ended.code).toBe(0)
  expect(existsSync(join(cwd, '.millrace'))).toBe(false)
  expect(ended.stderr).toContain('page-views: finished after ')
  expect(ended.stderr).toMatch(/read +6 records/)
  expect(ended.stderr).toMatch(/dead letters +2; not kept, as there is no state file/)
})

test('puts the state where it is told', async () => {
  const cwd = folder()
  const { stderr } = await millrace(['run', pageViews, '--state', 'state/views.db', '--summary', 'text'], { cwd })
  expect(existsSync(join(cwd, 'state/views.db'))).toBe(true)
  expect(stderr).toMatch(/dead letters +2; see them: millrace dlq ls --state state\/views\.db/)
})

test.for(['SIGTERM', 'SIGINT'] as const)('stops in good order at %s, and the next start goes on', async (signal) => {
  const cwd = folder()
  const job = startMillrace(['run', endless, '--checkpoint-every', '10ms'], { cwd })
  await job.says('{"n":3}')
  job.kill(signal)
  const ended = await job.ended
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: '{"from":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' })
  expect(logLines(ended)).toContainEqual(expect.objectContaining({ signal, msg: expect.stringContaining('stopping') }))
  expect(logLines(ended).at(-1)).toMatchObject({ msg: 'summary', ending: 'stopped', records: 3 })

  const next = startMillrace(['run', endless], { cwd })
  await next.says('{"from":3}')
  next.kill(signal)
  expect(await next.ended).toMatchObject({ code: 0, stdout: '{"from":3}\n' })
})

test.for([
  { signal: 'SIGTERM', code: 143 },
  { signal: 'SIGINT', code: 130 },
] as const)('ends at once at a second $signal', async ({ signal, code }) => {
  const args = ['run', endless, '--set', 'hang=true', '--state', 'memory', '--checkpoint-every', '1ms']
  const job = startMillrace(args, { cwd: folder() })
  await job.says('{"hangs":true}')
  job.kill(signal)
  await job.says('"msg":"stopping')
  job.kill(signal)
  expect(await job.ended).toMatchObject({ code, signal: null })
})

test('exits with 3 while another process runs the job', async () => {
  const cwd = folder()
  const job = startMillrace(['run', endless], { cwd })
  await job.says('{"from":0}')
  const second = await millrace(['run', endless], { cwd })
  expect(second.code).toBe(3)
  expect(logLines(second).at(-1)).toMatchObject({ level: 'error', err: { code: 'LEASE_HELD' } })
  expect(logLines(second).filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('exits with 4 when another process has taken the job over', async () => {
  const cwd = folder()
  const job = startMillrace(['run', endless, '--state', 's.db', '--checkpoint-every', '1h'], { cwd })
  await job.says('{"from":0}')
  const db = new DatabaseSync(join(cwd, 's.db'))
  db.exec(`UPDATE lease SET epoch = epoch + 1, nonce = 'other'`)
  db.close()
  job.kill('SIGTERM')
  const ended = await job.ended
  expect(ended.code).toBe(4)
  expect(logLines(ended).at(-1)).toMatchObject({ level: 'error', err: { code: 'FENCED' } })
})

test('exits with 5 when stored state does not fit, and goes on when told to drop it', async () => {
  const cwd = folder()
  await millrace(['run', pageViews, '--state', 's.db'], { cwd })
  const changed = ['run', pageViews, '--state', 's.db', '--set', 'size=30000']
  const refused = await millrace(changed, { cwd })
  expect(refused.code).toBe(5)
  expect(logLines(refused).at(-1)).toMatchObject({
    level: 'error',
    err: { code: 'CHANGED_TOPOLOGY', node: 'views.window' },
  })
  expect((await millrace([...changed, '--drop', 'views.window'], { cwd })).code).toBe(0)
})

test('says as text what is wrong with the command line, with exit code 2', async () => {
  const cwd = folder()
  const says = async (...args: string[]) => {
    const { code, stderr } = await millrace(['run', pageViews, ...args], { cwd })
    return { code, stderr }
  }
  expect(await says('--checkpoint-every', '5x')).toEqual({
    code: 2,
    stderr: `error: --checkpoint-every: "5x" is not a duration; write milliseconds or one like '5s', '10m', '2h'\n  code       BAD_OPTION\n`,
  })
  expect(await says('--checkpoint-every', '0s')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('longer than zero'),
  })
  expect(await says('--set', 'size=-')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('size: "-" is not a whole number'),
  })
  expect(await says('--state', '')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--state: must be the path of a file'),
  })
})

test('exits with 1 when the job fails, and says where', async () => {
  const cwd = folder()
  const job = startMillrace(['run', fixture('failing'), '--progress', 'terminal'], { cwd })
  const { code, stderr } = await job.ended
  expect(code).toBe(1)
  expect(stderr).toContain('error: words.map: no b')
  expect(stderr).toMatch(/^ {2}code +USER_CODE$/m)
  expect(stderr).toMatch(/^ {2}node +words\.map$/m)
  expect(stderr).toMatch(/^ {2}partition +p0$/m)
  expect(stderr).toMatch(/^ {2}position +1$/m)
  expect(stderr).toMatch(/^ {2}at +.*failing\.ts:\d+:\d+$/m)
  expect(stderr).toMatch(/^ {2}hint +mend the function/m)
  expect(stderr).not.toContain('    at ')
  expect(stderr.match(/error: words/g)).toHaveLength(1)
})

test('shows causes and their stacks only at --log-level debug', async () => {
  const args = ['run', fixture('failing'), '--state', 'memory', '--progress', 'terminal', '--log-level', 'debug']
  const { stderr } = await millrace(args, { cwd: folder() })
  expect(stderr).toMatch(/^ {2}caused by {2}Error: no b\n +at .*failing\.ts/m)
})

test('tells what code of the user throws on its own, and fails', async () => {
  const { code, stderr, ...rest } = await millrace(['run', fixture('stray'), '--state', 'memory'], { cwd: folder() })
  expect(code).toBe(1)
  expect(logLines({ code, stderr, ...rest }).at(-1)).toMatchObject({ level: 'error', err: { message: 'astray' } })
})

test('ends when its reader goes away', async () => {
  const cwd = folder()
  const command = `"${process.execPath}" "${bin}" run "${pageViews}" | true; exit \${PIPESTATUS[0]}`
  expect(await program('bash', ['-c', command], { cwd })).toMatchObject({ code: 141 })
})
