import { readFileSync } from 'node:fs'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { millrace, startMillrace } from '../support/millrace.ts'
import { redisJobs } from '../support/redis-jobs.ts'

describeWithRedis('the password of a Redis', () => {
  const { place } = redisJobs()

  test('a password is printed nowhere: not in errors, logs, summaries, or the list of processes', async () => {
    const { url, cwd } = place('endless')
    const admin = new Redis(url)
    await admin.acl('SETUSER', 'stream', 'on', '>hunter2secret', '~*', '&*', '+@all')
    admin.disconnect()
    const withPassword = (password: string): string => url.replace('redis://', `redis://stream:${password}@`)

    const wrong = await millrace(['status', '--state', withPassword('wr0ngsecret'), '--job', 'endless'], { cwd })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('WRONGPASS') })
    expect(`${wrong.stdout}${wrong.stderr}`).not.toContain('wr0ngsecret')

    const job = startMillrace(
      ['run', fixture('endless'), '--state', withPassword('hunter2secret'), '--workers', '2', '--log-level', 'debug'],
      { cwd },
    )
    await job.says('{"n":3}')
    const shown = readFileSync(`/proc/${job.pid}/cmdline`, 'utf8')
    expect(shown).toContain('redis://stream:[secret]@')
    expect(shown).not.toContain('hunter2secret')
    job.kill('SIGTERM')
    const ended = await job.ended
    expect(ended.code).toBe(0)
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('hunter2secret')

    const env = { MILLRACE_REDIS_PASSWORD: 'hunter2secret' }
    const told = await millrace(['status', '--state', url.replace('redis://', 'redis://stream@'), '--job', 'endless'], {
      cwd,
      env,
    })
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining(`endless at ${url}`) })
  })
})
