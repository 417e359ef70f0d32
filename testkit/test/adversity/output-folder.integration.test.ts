import { appendFileSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf, logOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { forbidWriting, mayForbid } from '../support/unwritable.ts'
import { until } from '../support/until.ts'

/** Files below a folder, hidden ones included. */
const filesBelow = (folder: string): string[] =>
  globSync(['**/*', '**/.*', '**/.*/*', '**/.*/.*'], { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

test('says what stands in the way when a file is where the output folder should be, before it reads anything', async () => {
  const folder = temporaryFolder()
  const [input, out, state] = [join(folder, 'marks.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
  writeFileSync(input, marks(0, 1_000))
  mkdirSync(out)
  writeFileSync(join(out, 'all'), 'somebody needs this')

  const job = { set: { input, out }, state }
  const failed = await runJob(job)
  expect(failed.code).toBe(2)
  const { code, message } = failureOf(failed)
  expect(code).toBe('BAD_OPTION')
  expect(message).toMatch(
    new RegExp(`^${out}/all: .*a part of the path is a file; move that away or choose another path`),
  )
  expect(filesBelow(out)).toEqual(['all'])
  expect(existsSync(state)).toBe(false)

  rmSync(join(out, 'all'))
  expect(summaryOf(await runJob(job))['ending']).toBe('finished')
  expectTally(out, 1_000)
})

describe.skipIf(!mayForbid())('with a folder that nobody may write to (skipped for root without chattr)', () => {
  test('says so before it reads anything, and runs once it may write', async () => {
    const folder = temporaryFolder()
    const [input, out, state] = [join(folder, 'marks.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
    writeFileSync(input, marks(0, 1_000))
    mkdirSync(join(out, 'all'), { recursive: true })
    const allow = forbidWriting(join(out, 'all'))

    const job = { set: { input, out }, state }
    const failed = await runJob(job)
    expect(failed.code).toBe(2)
    const { code, message } = failureOf(failed)
    expect(code).toBe('BAD_OPTION')
    expect(message).toMatch(
      new RegExp(`^${out}/all: .*not permitted.*; let the user of this process write to it|EACCES.*; let the`),
    )
    expect(filesBelow(out)).toEqual([])
    expect(existsSync(state)).toBe(false)

    allow()
    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, 1_000)
  })

  test('names the folder and the cure when it may no longer write in the middle of a run, and goes on later', async () => {
    const folder = temporaryFolder()
    const [input, out, state] = [join(folder, 'marks.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
    const job = { set: { input, out, rollAgeMs: 0 }, state }
    writeFileSync(input, marks(0, 1_000))
    const first = startJob({ ...job, set: { ...job.set, follow: true } })
    await until(() => visibleMarks(out) === 1_000)

    const allow = forbidWriting(join(out, 'all'))
    appendFileSync(input, marks(1_000, 2_000))
    // a job may wait for it or end because of it
    await first.says(`${out}/all`)
    first.kill('SIGKILL')
    expect(logOf(await first.ended).map(({ err }) => err?.message)).toContainEqual(
      expect.stringMatching(new RegExp(`${out}/all.*; let the user of this process write to it`)),
    )
    expectNoRepeats(out, 2_000)

    allow()
    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, 2_000)
  })
})
