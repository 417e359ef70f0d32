import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anHourAhead } from '../support/clock.ts'
import { failureOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

test('refuses to run beside a living process, names it, and disturbs nothing', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  writeFileSync(input, marks(0, 1_000))
  const first = startJob({ ...job, set: { ...job.set, follow: true } })
  await until(() => visibleMarks(out) === 1_000)

  const second = await runJob(job)
  expect(second.code).toBe(3)
  const { code, message } = failureOf(second)
  expect(code).toBe('LEASE_HELD')
  expect(message).toMatch(new RegExp(`process ${first.pid} on \\S+ runs it; stop that one first`))

  appendFileSync(input, marks(1_000, 2_000))
  await until(() => visibleMarks(out) === 2_000)
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)['ending']).toBe('stopped')
  expect(summaryOf(await runJob(job))['ending']).toBe('finished')
  expectTally(out, 2_000)
})

test('lets a process that was frozen for longer than its lease write nothing, and ends it with FENCED', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  writeFileSync(input, marks(0, 1_000))
  const frozen = startJob({ ...job, set: { ...job.set, follow: true } })
  await until(() => visibleMarks(out) === 1_000)
  frozen.kill('SIGSTOP')
  appendFileSync(input, marks(1_000, 2_000))

  // by whose clock the lease of ten seconds is long over
  const successor = await runJob({ ...job, env: anHourAhead })
  expect(summaryOf(successor)['ending']).toBe('finished')
  expectTally(out, 2_000)

  frozen.kill('SIGCONT')
  const ended = await frozen.ended
  expect(ended.code).toBe(4)
  expect(failureOf(ended)).toEqual({ code: 'FENCED', message: expect.stringContaining('nothing is lost') as string })
  expectTally(out, 2_000)

  appendFileSync(input, marks(2_000, 3_000))
  expect(summaryOf(await runJob(job))['ending']).toBe('nothing new')
  expectTally(out, 2_000)
})
