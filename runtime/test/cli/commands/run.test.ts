import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { fixture, folder } from '../support/folder.ts'
import { logLines, millrace, startMillrace } from '../support/millrace.ts'
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
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: '{"n":1}\n{"n":2}\n{"n":3}\n' })
  expect(logLines(ended)).toContainEqual(expect.objectContaining({ signal, msg: expect.stringContaining('stopping') }))
  expect(logLines(ended).at(-1)).toMatchObject({ msg: 'summary', ending: 'stopped', records: 3 })

  const next = startMillrace(['run', endless, '--log-level', 'debug', '--set', 'note=again'], { cwd })
  const refused = await untilHeld(cwd)
  expect(refused.code).toBe(3)
  next.kill(signal)
  expect(await next.ended).toMatchObject({ code: 0, stdout: '' })
})

/** Starts the job beside another one until that one holds the lease: there is nothing that it says when it does. */
async function untilHeld(cwd: string): Promise<Awaited<ReturnType<typeof millrace>>> {
  for (;;) {
    const job = startMillrace(['run', endless], { cwd })
    const ended = await job.ended
    if (ended.code === 3) return ended
  }
}
