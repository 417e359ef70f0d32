import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anHourBack, setBackOnSignal } from '../support/clock.ts'
import { logOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, filesInProgress, marks, visibleCounts, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

test('takes over at once from a process that was killed when the clock was set back meanwhile', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  writeFileSync(input, marks(0, 1_000))
  const first = startJob({ ...job, set: { ...job.set, follow: true } })
  await until(() => visibleMarks(out) === 1_000)
  first.kill('SIGKILL')
  await first.ended
  appendFileSync(input, marks(1_000, 2_000))

  const second = await runJob({ ...job, env: anHourBack })
  expect(summaryOf(second)).toMatchObject({ ending: 'finished', late: 0, deadLetters: 0 })
  expect(logOf(second).map(({ msg }) => msg)).toEqual(['summary'])
  expect(second.elapsedMs).toBeLessThan(10_000)
  expectTally(out, 2_000)
})

test('goes on with checkpoints, output and lease when the clock is set back in the middle of a run', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
  writeFileSync(input, marks(0, 1_000))
  const first = startJob({ ...job, set: { ...job.set, follow: true }, env: setBackOnSignal })
  await until(() => visibleMarks(out) === 1_000)
  first.kill('SIGUSR2')
  appendFileSync(input, marks(1_000, 2_000))
  await until(() => visibleMarks(out) === 2_000)
  // by the clock of the others its lease has not begun, so to speak, and still holds
  expect((await runJob(job)).code).toBe(3)
  appendFileSync(input, marks(2_000, 3_000))
  await until(() => visibleMarks(out) === 3_000)
  first.kill('SIGKILL')
  await first.ended

  appendFileSync(input, marks(3_000, 4_000))
  expect(summaryOf(await runJob({ ...job, env: anHourBack }))).toMatchObject({
    ending: 'finished',
    late: 0,
    deadLetters: 0,
  })
  expectTally(out, 4_000)
})

test('shows a file that was begun before the clock was set back no later than any other', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 2_000, follow: true }, state: join(folder, 'state.db') }
  writeFileSync(input, marks(0, 1_000))
  const first = startJob({ ...job, env: setBackOnSignal })
  await until(() => filesInProgress(out) > 0)
  first.kill('SIGUSR2')
  let count = 1_000
  await until(() => {
    // its age is looked at with each checkpoint
    appendFileSync(input, marks(count, count + 10))
    count += 10
    return visibleMarks(out) > 0
  })
})

test('ends a rotated file after its time of silence when the clock was set back meanwhile', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  const set = { input, out, rollAgeMs: 0, endAfterMs: 1_000 }
  const state = join(folder, 'state.db')
  writeFileSync(input, marks(0, 1_000))
  const first = startJob({ set: { ...set, follow: true }, state, env: setBackOnSignal })
  await until(() => visibleMarks(out) === 1_000)
  const before = visibleCounts(out)
  first.kill('SIGUSR2')
  renameSync(input, `${input}.1`)
  writeFileSync(input, marks(1_000, 2_000))
  // windows wait for the old file as long as it may get more
  await until(() => visibleMarks(out) === 2_000 && visibleCounts(out) > before)
  expectNoRepeats(out, 2_000)
})
