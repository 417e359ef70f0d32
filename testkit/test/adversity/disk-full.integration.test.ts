import { spawnSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf, logOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { expectNoRepeats, expectTally, marks, visibleMarks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const warnings = (stderr: string): string[] =>
  logOf({ stderr }).flatMap(({ level, err }) => (level === 'warn' && err?.code === 'NO_SPACE' ? [err.message] : []))

describe.skipIf(!mayMount())('on a disk of its own (skipped where no tmpfs can be mounted)', () => {
  test('waits for room in the output folder, says again and again where and what to do, and then goes on', async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
    const disk = smallDisk(out, 4_096)
    writeFileSync(input, marks(0, 20_000))
    disk.fill(300)

    const job = startJob({ set: { input, out }, state: join(folder, 'state.db') })
    await job.says('"NO_SPACE"', 3)
    expect(visibleMarks(out)).toBe(0)
    disk.makeRoom()

    const ended = await job.ended
    expect(summaryOf(ended)['ending']).toBe('finished')
    expect(warnings(ended.stderr).length).toBeGreaterThanOrEqual(3)
    for (const message of warnings(ended.stderr))
      expect(message).toMatch(new RegExp(`${out}/(all|counts): .*no space left.*; make room there`))
    expectTally(out, 20_000)
  })

  test('loses and repeats nothing when it is ended while it waits for room', async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
    const disk = smallDisk(out, 4_096)
    const job = { set: { input, out, rollAgeMs: 0 }, state: join(folder, 'state.db') }
    writeFileSync(input, marks(0, 2_000))
    disk.fill(400)

    const first = startJob({ ...job, set: { ...job.set, follow: true } })
    await until(() => visibleMarks(out) === 2_000)
    appendFileSync(input, marks(2_000, 20_000))
    await first.says('"NO_SPACE"')
    first.kill('SIGTERM')
    await first.says('stopping after a last checkpoint')
    first.kill('SIGTERM')
    expect((await first.ended).code).toBe(143)
    expectNoRepeats(out, 20_000)
    disk.makeRoom()

    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, 20_000)
  })

  test('ends with NO_SPACE when there is no room for its state, and goes on when there is', async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
    const disk = smallDisk(join(folder, 'disk'), 2_048)
    const state = join(disk.path, 'state.db')
    const job = { set: { input, out, rollAgeMs: 0 }, state }
    writeFileSync(input, marks(0, 1_000))
    disk.fill(180)

    const first = startJob({ ...job, set: { ...job.set, follow: true } })
    let isOver = false
    void first.ended.then(() => (isOver = true))
    let count = 1_000
    while (!isOver) {
      await until(() => isOver || visibleMarks(out) === count)
      appendFileSync(input, marks(count, count + 1_000))
      count += 1_000
      expect(count).toBeLessThan(100_000)
    }
    const ended = await first.ended
    expect(ended.code).toBe(1)
    const { code, message } = failureOf(ended)
    expect(code).toBe('NO_SPACE')
    expect(message).toMatch(new RegExp(`state file ${state}: .* full; free space and start again, nothing is lost`))
    expectNoRepeats(out, count)

    const again = await runJob(job)
    expect(again.code).toBe(1)
    expect(failureOf(again).code).toBe('NO_SPACE')
    expectNoRepeats(out, count)
    disk.makeRoom()
    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, count)
  })
})

const mayLimit = spawnSync('prlimit', ['--version']).error === undefined

describe.skipIf(!mayLimit)('with a limit to the size of files (skipped where there is no prlimit)', () => {
  test('ends with an error that names the file and the limit when output may not grow, and goes on without it', async () => {
    const folder = temporaryFolder()
    const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
    const job = { set: { input, out }, state: join(folder, 'state.db') }
    writeFileSync(input, marks(0, 10_000))

    const limited = await runJob({ ...job, under: ['prlimit', '--fsize=200000'] })
    expect(limited.code).toBe(1)
    expect(failureOf(limited).message).toMatch(
      new RegExp(`${out}/all: .*file too large.*; raise the limit .*ulimit -f`),
    )
    expectNoRepeats(out, 10_000)

    expect(summaryOf(await runJob(job))['ending']).toBe('finished')
    expectTally(out, 10_000)
  })

  test('ends with an error that names the state file when that may not grow, and goes on without the limit', async () => {
    const folder = temporaryFolder()
    const [input, out, state] = [join(folder, 'marks.ndjson'), join(folder, 'out'), join(folder, 'state.db')]
    const job = { set: { input, out }, state }
    writeFileSync(input, marks(0, 1_000))

    const limited = await runJob({ ...job, under: ['prlimit', '--fsize=80000'] })
    expect(limited.code).toBe(1)
    const { code, message } = failureOf(limited)
    expect(code).toBe('BACKPLANE')
    expect(message).toBe(`state file ${state}: disk I/O error; see whether the disk is full or failing`)
    expectNoRepeats(out, 1_000)

    // the disk may have been full only when all was written, and just not committed
    expect(['finished', 'nothing new']).toContain(summaryOf(await runJob(job))['ending'])
    expectTally(out, 1_000)
  })
})
