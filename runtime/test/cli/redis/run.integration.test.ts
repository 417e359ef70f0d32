import { until } from '@millrace/testkit'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { type Ended, logLines, millrace } from '../support/millrace.ts'
import { lines, redisJobs } from '../support/redis-jobs.ts'

const views = ['/a 0 2', '/a 120000 1', '/b 60000 1']

/** Page, start and count of each window. */
const windows = (ended: Ended): string[] =>
  lines(ended).map((line) => {
    const { page, start, views: count } = JSON.parse(line) as { page: string; start: number; views: number }
    return `${page} ${start} ${count}`
  })

describeWithRedis('workers that share a job on a Redis', () => {
  const { place } = redisJobs()

  test('one worker runs a bounded job to its end; all about it is found there', async () => {
    const { url, about, run, cwd } = place('page-views')
    const ended = await run('--worker', 'w1', '--partitions', '4').ended
    expect(ended.code).toBe(0)
    expect(windows(ended)).toEqual(views)
    expect(logLines(ended).at(-1)).toMatchObject({
      msg: 'summary',
      ending: 'finished',
      written: 3,
      statePath: url,
      deadLettersAre: `see them: millrace dlq ls --state ${url} --job page-views`,
    })
    expect((await about('checkpoints ls')).stdout).toMatch(/^task .*\n(.*\n)*views\.window\/0 +\d+ /)
    expect((await about('checkpoints show --task views.window/0')).stdout).toMatch(
      /^task +views\.window\/0$(.*\n)*^views\.window +0 +ended /m,
    )
    expect(await about('checkpoints show')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--task: name one of '),
    })
    expect((await about('dlq ls')).stdout).toMatch(/views\.filter +USER_CODE +views\/p0@2 +a view without page\n/)
    expect((await about('dlq show 1')).stdout).toContain('{"page":"","at":3000}\n')
    const validate = (...args: string[]) =>
      millrace(['validate', fixture('page-views'), '--state', url, ...args], { cwd })
    expect(await validate()).toMatchObject({ code: 0, stdout: expect.stringMatching(/views\.window +same/) })
    expect(await validate('--set', 'size=5')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/views\.window +changed/),
    })
  })

  test('several workers in one process share a job', async () => {
    const { run } = place('page-views')
    const ended = await run('--workers', '3').ended
    expect(ended.code).toBe(0)
    expect(windows(ended)).toEqual(views)
    expect(logLines(ended).at(-1)).toMatchObject({
      msg: 'summary',
      ending: 'finished',
      records: 7,
      written: 3,
      deadLetters: 2,
    })
  })

  test('one signal stops all workers of a process', async () => {
    const { run, status } = place('endless')
    const job = run('--workers', '2', '--worker', 'here', '--checkpoint-every', '10ms')
    await job.says('{"n":3}')
    await until(async () => (await status()).totals.workers === 2, { what: 'two workers' })
    expect((await status()).workers).toMatchObject([{ worker: 'here/1' }, { worker: 'here/2' }])
    job.kill('SIGTERM')
    const ended = await job.ended
    expect(ended).toMatchObject({ code: 0, stdout: '{"from":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' })
    expect(logLines(ended).at(-1)).toMatchObject({ ending: 'stopped', records: 3 })
    expect((await status()).workers).toEqual([])

    const next = run('--workers', '2')
    await next.says('{"from":3}')
    next.kill('SIGINT')
    expect(await next.ended).toMatchObject({ code: 0, stdout: '{"from":3}\n' })
  })

  test('a worker that fails ends the process, which says why', async () => {
    const { run } = place('failing')
    const ended = await run('--workers', '2').ended
    expect(ended.code).toBe(1)
    const errors = logLines(ended).filter(({ level }) => level === 'error')
    // the other worker may have taken the task, and met the same, before it was stopped
    expect([1, 2]).toContain(errors.length)
    for (const error of errors) {
      expect(error).toMatchObject({
        err: {
          code: 'USER_CODE',
          node: 'words.map',
          partition: 'p0',
          position: '1',
          at: expect.stringMatching(/failing\.ts:\d+:\d+$/),
        },
      })
    }
  })

  test('what is wrong with the stored state is said with its exit code, from a thread as well', async () => {
    const { run } = place('keeping')
    const job = run('--checkpoint-every', '10ms')
    await job.says('{"n":1}')
    job.kill('SIGTERM')
    await job.ended
    for (const workers of ['1', '2']) expect((await run('--set', 'by=m', '--workers', workers).ended).code).toBe(5)
  })
})
