import { describeWithRedis } from '@millrace/testkit/vitest'
import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { inProcess } from '../support/in-process.ts'
import { millrace } from '../support/millrace.ts'
import { lines, redisJobs } from '../support/redis-jobs.ts'

describeWithRedis('beginning anew on a Redis', () => {
  const { place, database } = redisJobs()

  test('a rewind begins the job anew, but not while workers are alive', async () => {
    const { run, about, status } = place('endless')
    const job = run('--worker', 'w1', '--checkpoint-every', '10ms')
    await job.says('{"n":3}')
    expect(await about('rewind --to start --yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('rewind: w1 runs the job'),
    })
    job.kill('SIGTERM')
    await job.ended
    const before = (await status()).run
    expect(await about('rewind --to start --yes')).toMatchObject({ code: 0 })
    expect((await status()).run).not.toBe(before)
    const next = run()
    await next.says('{"n":3}')
    next.kill('SIGTERM')
    expect((await next.ended).stdout).toContain('{"from":0}')
  })

  test('a rewind to a moment begins where the source was then', async () => {
    const { url, run, cwd } = place('timed')
    expect(lines(await run().ended)).toHaveLength(4)
    const rewind = (...args: string[]) => millrace(['rewind', ...args, '--state', url, '--yes'], { cwd })
    expect(await rewind(fixture('timed'), '--to', '2026-01-01T00:20:00Z')).toMatchObject({ code: 0, stderr: '' })
    expect(lines(await run().ended)).toEqual([20, 30].map((minute) => `{"at":${Date.UTC(2026, 0, 1, 0, minute)}}`))
    expect(await rewind(fixture('page-views'), '--to', '2026-01-01T00:20:00Z')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--to: views (scripted) cannot tell where it was at a moment'),
    })
  })

  test('a job goes on from an export on another Redis, with its state in files', async () => {
    const { run, about, cwd } = place('page-views')
    const store = ['--state-store', 'file:state']
    expect((await run(...store).ended).code).toBe(0)
    expect(await about('checkpoints export pv.export --state-store file:state')).toMatchObject({ code: 0 })
    const other = database()
    const command = ['checkpoints', 'import', 'pv.export', '--state', other, '--state-store', 'file:other']
    expect(await inProcess(command, cwd)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('job page-views, 17 tasks'),
    })
    const args = ['run', fixture('page-views'), '--state', other, '--state-store', 'file:other']
    expect(await millrace(args, { cwd })).toMatchObject({ code: 0, stdout: '' })
  })
})
