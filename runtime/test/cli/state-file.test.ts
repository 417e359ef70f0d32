import { expect, test } from 'vitest'
import { StateFile } from '../../src/cli/state-file.ts'
import { finishedJob } from './support/finished-job.ts'
import { fixture } from './support/fixture.ts'
import { folder } from './support/folder.ts'
import { startMillrace } from './support/millrace.ts'
import { allowProcesses } from './support/slow.ts'

allowProcesses()

test('knows the process that runs the job, while it does', async () => {
  const cwd = folder()
  const job = startMillrace(['run', fixture('endless')], { cwd })
  await job.says('{"from":0}')
  const file = StateFile.open({ job: 'endless' }, cwd)
  expect(file.runner()?.pid).toBe(job.pid)
  job.kill('SIGTERM')
  await job.ended
  expect(file.runner()).toBeUndefined()
  file.close()
})

test('is found by its path, by its job, or as the only one', async () => {
  const cwd = await finishedJob()
  for (const options of [{ state: '.millrace/page-views.db' }, { job: 'page-views' }, {}]) {
    const file = StateFile.open(options, cwd)
    expect(file.job).toBe('page-views')
    file.close()
  }
})
