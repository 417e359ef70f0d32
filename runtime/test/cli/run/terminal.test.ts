import { describe, expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { folder } from '../support/folder.ts'
import { millrace } from '../support/millrace.ts'
import { allowProcesses } from '../support/slow.ts'
import { hasTerminal, onTerminal, screenOf } from '../support/terminal.ts'

allowProcesses()

describe.skipIf(!hasTerminal)('on a terminal', () => {
  test('shows progress in place, and in the end the output and a summary', async () => {
    const job = onTerminal(['run', fixture('page-views')], { cwd: folder() })
    const { code, stdout } = await job.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(/page-views {2}(new|acquiring), \d+ms/)
    expect(stdout).toContain('\x1b[7A\x1b[0J')
    const screen = screenOf(stdout)
    expect(screen.slice(0, 5)).toEqual([
      expect.stringMatching(/^\{"page":"\/a","start":0,/),
      expect.stringMatching(/^\{"page":"\/b","start":60000,/),
      expect.stringMatching(/^\{"page":"\/a","start":120000,/),
      expect.stringMatching(/^page-views: finished after /),
      '',
    ])
    expect(screen.slice(-6)).toEqual([
      expect.stringMatching(/^read +6 records, [\d,]+ a second$/),
      expect.stringMatching(/^written +3 records$/),
      expect.stringMatching(/^late +1$/),
      expect.stringMatching(/^dead letters +2; see them: millrace dlq ls --state \.millrace\/page-views\.db$/),
      expect.stringMatching(/^state +\.millrace\/page-views\.db, checkpoint \d+$/),
      '',
    ])
  })

  test('shows a running job, and stops it at Ctrl-C', async () => {
    const job = onTerminal(['run', fixture('endless')], { cwd: folder() })
    await job.says('endless  running, ')
    await job.says('{"n":3}')
    job.type('\x03')
    const { code, stdout } = await job.ended
    expect(code).toBe(0)
    expect(stdout).toContain('stopping after a last checkpoint (SIGINT); once more ends it at once')
    const screen = screenOf(stdout)
    expect(screen.slice(0, 5)).toEqual([
      '{"from":0}',
      '{"n":1}',
      '{"n":2}',
      '{"n":3}',
      expect.stringMatching(/^endless: stopped after .*; the next start goes on from here$/),
    ])
    expect(screen.join('\n')).not.toContain('records/s')
  })

  test('ends at once at a second Ctrl-C, with 130', async () => {
    const args = ['run', fixture('endless'), '--set', 'hang=true', '--checkpoint-every', '1ms']
    const job = onTerminal(args, { cwd: folder() })
    await job.says('{"hangs":true}')
    job.type('\x03')
    await job.says('once more ends it at once')
    job.type('\x03')
    expect((await job.ended).code).toBe(130)
  })

  test('shows an error below the output, and nothing of the progress', async () => {
    const { code, stdout } = await onTerminal(['run', fixture('failing')], { cwd: folder() }).ended
    expect(code).toBe(1)
    expect(screenOf(stdout)[0]).toMatch(/^error: words\.map: no b/)
  })
})

test('shows the same when told to, where there is no terminal', async () => {
  const { code, stdout, stderr } = await millrace(['run', fixture('page-views'), '--progress', 'terminal'], {
    cwd: folder(),
  })
  expect(code).toBe(0)
  expect(stdout.split('\n')).toHaveLength(4)
  expect(screenOf(stderr)[0]).toMatch(/^page-views: finished after /)
})

test('shows progress of its own and a summary for programs when told to', async () => {
  const args = ['run', fixture('page-views'), '--progress', 'terminal', '--summary', 'json']
  const { stderr } = await millrace(args, { cwd: folder() })
  expect(JSON.parse(screenOf(stderr)[0] ?? '')).toMatchObject({ msg: 'summary', ending: 'finished' })
})
