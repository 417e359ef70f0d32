import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { linesBelow, type Lines } from '../../crash-files/lines.ts'
import { failureOf, logOf, runJob, startJob, summaryOf } from '../support/millrace.ts'
import { startProcess } from '../support/process.ts'
import { expectTally, marks } from '../support/tally.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const start = Date.UTC(2026, 0, 1)

/** Marks of one file, ten a second; some of them are bad, some late, some both out of order and not late. */
function fileOf(file: number, count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    if (i % 997 === 5) return `{"key":"k","at":${start},`
    if (i % 1_009 === 7) return JSON.stringify({ key: 'k0', at: -5, n: 1 })
    const back = i % 211 === 3 ? 60_000 : i % 7 === 1 ? 900 : 0
    return JSON.stringify({ key: `k${(i * 7 + file) % 23}`, at: Math.max(start, start + i * 100 - back), n: i })
  })
  return `${lines.join('\n')}\n`
}

function inputOf(folder: string, files: number, count: number): string {
  mkdirSync(join(folder, 'in'))
  for (let file = 0; file < files; file++) writeFileSync(join(folder, 'in', `${file}.ndjson`), fileOf(file, count))
  return join(folder, 'in', '*.ndjson')
}

const sorted = (lines: Lines): string[] => [...lines].map(([line, times]) => `${times} x ${line}`).toSorted()

test('threads change nothing of what a job gives: totals, late and bad records, positions and counters', async () => {
  const folder = temporaryFolder()
  const input = inputOf(folder, 5, 4_000)
  const runs = [1, 2, 3].map(async (workers) => {
    const out = join(folder, `out-${workers}`)
    const ended = await runJob({
      topology: 'hourly',
      set: { input, out },
      state: join(folder, `${workers}.db`),
      workers,
    })
    const { records, late, deadLetters, nodes, written, partitions } = summaryOf(ended)
    return { lines: sorted(linesBelow(out)), counters: { records, late, deadLetters, nodes, written, partitions } }
  })
  const [one, two, three] = await Promise.all(runs)
  expect(one?.counters).toMatchObject({ records: 20_000, late: expect.any(Number) as number })
  expect(one?.lines.filter((line) => line.includes(' late/')).length).toBeGreaterThan(50)
  expect(one?.lines.filter((line) => line.includes('"code":"BAD_RECORD"')).length).toBe(5 * 5)
  expect(one?.lines.filter((line) => line.includes('"code":"BAD_TIME"')).length).toBe(5 * 4)
  expect(one?.lines.filter((line) => line.includes('"code":"USER_CODE"')).length).toBe(5)
  expect(two).toEqual(one)
  expect(three).toEqual(one)
})

test('loses and repeats nothing when it is killed at any moment and started again with another number of threads', async () => {
  const folder = temporaryFolder()
  const input = inputOf(folder, 6, 60_000)
  const job = { topology: 'hourly', state: join(folder, 'state.db'), checkpointEvery: '10ms' }
  const alone = join(folder, 'alone')
  summaryOf(await runJob({ ...job, set: { input, out: alone }, state: join(folder, 'alone.db') }))
  const out = join(folder, 'out')
  let kills = 0
  for (const workers of [2, 3, 1, 2, 4]) {
    const running = startJob({ ...job, set: { input, out }, workers })
    const before = linesBelow(out).size
    let isOver = false
    void running.ended.then(() => (isOver = true))
    await until(() => isOver || linesBelow(out).size > before)
    if (!isOver) kills++
    running.kill('SIGKILL')
    await running.ended
  }
  expect(kills).toBeGreaterThan(0)
  summaryOf(await runJob({ ...job, set: { input, out }, workers: 2 }))
  expect(sorted(linesBelow(out))).toEqual(sorted(linesBelow(alone)))
})

test('stops in good order when it is told to, and goes on where it stopped', async () => {
  const folder = temporaryFolder()
  const input = inputOf(folder, 2, 2_000)
  const out = join(folder, 'out')
  const job = { topology: 'hourly', state: join(folder, 'state.db'), workers: 2 }
  const following = startJob({ ...job, set: { input, out, follow: true } })
  await until(() => linesBelow(out).size > 100)
  following.kill('SIGTERM')
  expect(summaryOf(await following.ended)['ending']).toBe('stopped')
  expect(summaryOf(await runJob({ ...job, set: { input, out } }))['ending']).toBe('finished')
  const alone = join(folder, 'alone')
  summaryOf(await runJob({ ...job, set: { input, out: alone }, state: join(folder, 'alone.db'), workers: 1 }))
  expect(sorted(linesBelow(out))).toEqual(sorted(linesBelow(alone)))
})

test('names node, partition and position when a record that a thread has read ends the job', async () => {
  const folder = temporaryFolder()
  const input = inputOf(folder, 1, 100)
  const set = { input, out: join(folder, 'out'), strict: true }
  const messages = [1, 2].map(async (workers) => {
    const ended = await runJob({ topology: 'hourly', set, state: join(folder, `${workers}.db`), workers })
    expect(ended.code).toBe(1)
    return failureOf(ended)
  })
  const [one, two] = await Promise.all(messages)
  expect(one?.message).toMatch(/marks: .*partition .*position/)
  expect(two).toEqual(one)
})

test('says which source its threads cannot help, and runs as with one', async () => {
  const folder = temporaryFolder()
  const [input, out] = [join(folder, 'marks.ndjson'), join(folder, 'out')]
  writeFileSync(input, marks(0, 2_000))
  const ended = await runJob({ set: { input, out }, state: join(folder, 'state.db'), workers: 2 })
  summaryOf(ended)
  expect(logOf(ended).map(({ msg }) => msg)).toContain(
    'source marks is processed by one thread: its records go to the sink all one by one',
  )
  expectTally(out, 2_000)
})

test.for([
  ['hourly.ts', '300 records'],
  ['tally.ts', /threads\.module: file:.*tally\.ts has another topology as its default export/],
  ['threads/run-hourly.ts', /threads\.module: file:.*run-hourly\.ts has no topology as its default export/],
  ['threads/starts-itself.ts', 'threads.module: starts a job when it is imported; give the topology a file of its own'],
  ['threads/none.ts', /Cannot find module .*none\.ts/],
] as const)('a module for threads: %s', async ([name, answer]) => {
  const folder = temporaryFolder()
  const input = inputOf(folder, 3, 100)
  const fixtures = join(import.meta.dirname, 'fixtures')
  const args = [join(fixtures, 'threads/run-hourly.ts'), pathToFileURL(join(fixtures, name)).href]
  const conditions = ['--conditions', '@millrace/source']
  const { stdout } = await startProcess(process.execPath, [...conditions, ...args, input, join(folder, 'out')]).ended
  expect(stdout).toMatch(answer)
})
