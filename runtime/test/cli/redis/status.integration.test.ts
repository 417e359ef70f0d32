import { until } from '@millrace/testkit'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { expect, test } from 'vitest'
import { startMillrace } from '../support/millrace.ts'
import { redisJobs, type Status } from '../support/redis-jobs.ts'

describeWithRedis('looking at workers', () => {
  const { place } = redisJobs()

  test('the status names workers and tasks, and what is wrong once a worker is killed', async () => {
    const { run, status, about } = place('endless')
    const job = run('--worker', 'w1', '--lease', '2s')
    await job.says('{"from":0}')
    await until(async () => (await status()).problems.length === 0, { what: 'no problems' })
    expect(await status()).toMatchObject({
      totals: { workers: 1, tasks: 1, owned: 1 },
      workers: [{ worker: 'w1', isDraining: false }],
      tasks: [{ task: 'numbers/p0', owner: 'w1' }],
    })
    expect((await about('status')).stdout).toMatch(/^numbers\/p0 +runs +w1 +1 /m)
    job.kill('SIGKILL')
    await job.ended
    await until(async () => (await status()).problems.length > 0, { what: 'a problem' })
    expect((await status()).problems[0]).toMatchObject({
      kind: 'no workers',
      text: 'nobody runs the job; 1 tasks wait for somebody',
    })
  })

  test('a status that is watched comes again and again, a line each in JSON', async () => {
    const { run, url, cwd } = place('page-views')
    await run().ended
    const watching = startMillrace(['status', '--state', url, '--job', 'page-views', '--watch', '--json'], { cwd })
    await watching.says('\n{')
    watching.kill('SIGINT')
    const { stdout } = await watching.ended
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ finished: true })
  })

  test('a worker that is drained gives its tasks to another one, and lives on', async () => {
    const { run, status, about } = place('endless')
    const first = run('--worker', 'w1', '--checkpoint-every', '10ms')
    await first.says('{"n":3}')
    expect(await about('drain w2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('worker: there is no w2; there are w1'),
    })
    const second = run('--worker', 'w2')
    await until(async () => (await status()).totals.workers === 2, { what: 'both workers' })
    expect((await about('drain w1')).stdout).toContain('w1 gives its')
    const hasMoved = ({ workers, tasks }: Status): boolean =>
      tasks.every(({ owner }) => owner === 'w2') &&
      workers.some((info) => info.worker === 'w1' && info.isDraining && info.tasks === 0)
    await until(async () => hasMoved(await status()), { what: 'all tasks at w2' })
    await second.says('{"from":3}')
    for (const job of [first, second]) {
      job.kill('SIGTERM')
      expect((await job.ended).code).toBe(0)
    }
  })

  test('a job that was never started is said so', async () => {
    const { about } = place('endless')
    for (const command of ['status', 'drain w1', 'dlq ls', 'checkpoints ls'])
      expect(await about(command)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("--job: no job 'endless' was ever started at redis://"),
      })
  })
})
