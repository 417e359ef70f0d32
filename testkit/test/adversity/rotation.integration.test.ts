import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runJob, startJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const batch = 500

test('reads every line once while a log is renamed and copied away under it, across a stop', async () => {
  const folder = temporaryFolder()
  const [log, out] = [join(folder, 'marks.log'), join(folder, 'out')]
  const job = { set: { input: log, out, rollAgeMs: 0, follow: true }, state: join(folder, 'state.db') }
  let count = 0
  const write = (path: string, from = count): void => {
    appendFileSync(path, marks(from, from + batch))
    count += batch
  }
  let rotations = 0
  const rename = (): string => {
    const old = `${log}.${++rotations}`
    renameSync(log, old)
    return old
  }
  const copyAndTruncate = async (): Promise<void> => {
    // what is written between the copy and the truncation is gone for everybody, so nothing is
    await until(() => visibleMarks(out) === count)
    copyFileSync(log, `${log}.copy`)
    truncateSync(log)
  }

  write(log)
  const first = startJob(job)
  await until(() => visibleMarks(out) > 0)
  for (let round = 0; round < 3; round++) {
    write(log)
    const old = rename()
    // whoever wrote the log has it open for a while, also when somebody writes the next one
    write(old)
    write(log, count + batch)
    write(old, count - batch)
    await copyAndTruncate()
    write(log)
  }
  // in the middle of a rotation
  rename()
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)).toMatchObject({ ending: 'stopped', deadLetters: 0 })
  expectNoRepeats(out, count)
  write(log)

  const second = startJob(job)
  await until(() => visibleMarks(out) === count)
  write(log)
  await copyAndTruncate()
  write(log)
  await until(() => visibleMarks(out) === count)
  second.kill('SIGTERM')
  expect(summaryOf(await second.ended)).toMatchObject({ ending: 'stopped', deadLetters: 0 })

  expect(await runJob({ ...job, set: { ...job.set, follow: false } })).toMatchObject({ code: 0 })
  expectTally(out, count)
})

test('reads a file from its start that appeared while the job was down, though the first start began at the end', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks-*.log'), join(folder, 'out')]
  const job = { set: { input, out, rollAgeMs: 0, follow: true, fromEnd: true }, state: join(folder, 'state.db') }
  const old = join(folder, 'marks-1.log')
  writeFileSync(old, marks(0, 100))
  let count = 100
  const first = startJob(job)
  await until(() => {
    appendFileSync(old, marks(count, ++count))
    return visibleMarks(out) > 0
  })
  first.kill('SIGTERM')
  expect(summaryOf(await first.ended)).toMatchObject({ ending: 'stopped' })
  const before = visibleMarks(out)
  expect(before).toBeLessThanOrEqual(count - 100)
  writeFileSync(join(folder, 'marks-2.log'), marks(count, count + 1_000))

  startJob(job)
  await until(() => visibleMarks(out) >= before + 1_000)
  expectNoRepeats(out, count + 1_000)
})
