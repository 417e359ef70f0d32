import { describeWithRedis } from '@millrace/testkit/vitest'
import { expect, test } from 'vitest'
import { redisJobs } from '../support/redis-jobs.ts'

describeWithRedis('dead letters of a job on a Redis', () => {
  const { place } = redisJobs()

  test('a dead letter that was mended is read again, once', async () => {
    const { run, about } = place('page-views')
    await run().ended
    expect((await about('dlq redrive 1 --json')).stdout).toMatch(/^\{"marked":1,.*"runningPid":null\}/)
    expect((await run().ended).code).toBe(0)
    const left = JSON.parse((await about('dlq ls --json')).stdout) as { readonly id: number }[]
    expect(left.map(({ id }) => id)).toEqual([2, 3])
  })

  test('a running worker is named as the one that reads letters again', async () => {
    const { run, about } = place('endless')
    const job = run('--worker', 'w1')
    await job.says('{"from":0}')
    expect(JSON.parse((await about('dlq redrive --all --json')).stdout)).toMatchObject({ marked: 0, workers: ['w1'] })
  })
})
