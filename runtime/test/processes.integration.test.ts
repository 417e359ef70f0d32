import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChildOptions } from './support/child-job.ts'
import { preparedIn, visibleIn } from './support/folder-sink.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

let folder: string
let children: Child[]

beforeEach(() => {
  folder = temporaryFolder()
  children = []
})

afterEach(async () => {
  for (const { process } of children) process.kill('SIGKILL')
  await Promise.all(children.map(({ ended }) => ended))
  rmSync(folder, { recursive: true })
})

interface Child {
  readonly process: ChildProcess
  /** All it has printed. */
  output: string
  /** Exit code; null for one that was killed. */
  readonly ended: Promise<number | null>
}

function child(options: Omit<ChildOptions, 'folder'>): Child {
  const script = fileURLToPath(new URL('./support/child-job.ts', import.meta.url))
  const args = ['--conditions', '@millrace/source', '--disable-warning=ExperimentalWarning', script]
  const forked = spawn(process.execPath, [...args, JSON.stringify({ folder, ...options })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(forked, 'close').then(([code]) => code as number | null)
  const started: Child = { process: forked, output: '', ended }
  forked.stdout.on('data', (data: Buffer) => (started.output += data.toString()))
  children.push(started)
  return started
}

const until = async (isSo: () => boolean): Promise<void> =>
  expect.poll(isSo, { timeout: 20_000, interval: 5 }).toBe(true)

/** Everything that must be visible, each once, after all records were processed. */
function expectAll(records: number): void {
  const raw = visibleIn(join(folder, 'raw')).flatMap(({ values }) => values as string[])
  const wanted = ['a', 'b'].flatMap((id) => Array.from({ length: records }, (_, n) => `${id}${n % 10}#${n}`))
  expect(raw.toSorted()).toEqual(wanted.toSorted())
  const counts = visibleIn(join(folder, 'counts')).flatMap(
    ({ values }) => values as { key: string; start: number; n: number }[],
  )
  expect(new Set(counts.map(({ key, start }) => `${key}@${start}`)).size).toBe(counts.length)
  expect(counts.reduce((total, { n }) => total + n, 0)).toBe(2 * records)
  expect([...preparedIn(join(folder, 'raw')), ...preparedIn(join(folder, 'counts'))]).toEqual([])
}

test('loses and repeats nothing, wherever between two steps of its sinks it is killed', async () => {
  const records = 20_000
  for (let dieAt = 1; ; dieAt += 7) {
    const { ended } = child({ records, dieAt })
    if ((await ended) === 0) break
    expect(dieAt).toBeLessThan(200)
  }
  expectAll(records)
}, 120_000)

test('loses and repeats nothing when it is killed from outside at any moment', async () => {
  const records = 60_000
  for (let kills = 1; kills <= 6; kills++) {
    const running = child({ records })
    const lines = kills * 2
    await until(() => running.output.split('\n').length > lines || running.process.exitCode !== null)
    running.process.kill('SIGKILL')
    await running.ended
  }
  expect(await child({ records }).ended).toBe(0)
  expectAll(records)
}, 120_000)

test('takes over at once from a process that was killed', async () => {
  const first = child({ records: 2_000, first: 1_000, leaseMs: 600_000 })
  await until(() => first.output.includes('committed'))
  first.process.kill('SIGKILL')
  await first.ended
  writeFileSync(join(folder, 'rest'), '')
  expect(await child({ records: 2_000, first: 1_000 }).ended).toBe(0)
  expectAll(2_000)
}, 60_000)

test('refuses to run twice on one file, naming the process that runs', async () => {
  const first = child({ records: 2_000, first: 1_000 })
  await until(() => first.output.includes('committed'))
  const second = child({ records: 2_000, first: 1_000 })
  expect(await second.ended).toBe(1)
  expect(second.output).toMatch(
    new RegExp(`^failed LEASE_HELD job numbers: process ${first.process.pid} on .* runs it`),
  )
}, 60_000)

test('commits nothing when it was frozen for longer than its lease, and stops with FENCED', async () => {
  const leaseMs = 300
  const frozen = child({ records: 2_000, first: 1_000, leaseMs })
  await until(() => frozen.output.includes('committed'))
  frozen.process.kill('SIGSTOP')
  writeFileSync(join(folder, 'rest'), '')
  let successor = child({ records: 2_000, first: 1_000, leaseMs })
  // refused until the lease of the frozen one is over, as its process is there
  while ((await successor.ended) !== 0) {
    expect(successor.output).toContain('LEASE_HELD')
    successor = child({ records: 2_000, first: 1_000, leaseMs })
  }
  const files = visibleIn(join(folder, 'raw'))
  frozen.process.kill('SIGCONT')
  expect(await frozen.ended).toBe(1)
  expect(frozen.output).toContain('failed FENCED')
  expect(visibleIn(join(folder, 'raw'))).toEqual(files)
  // what it prepared too late, if anything, goes with the next start
  expect(await child({ records: 2_000 }).ended).toBe(0)
  expectAll(2_000)
}, 60_000)

test('stops on SIGTERM with everything it read visible, and goes on from there', async () => {
  const first = child({ records: 2_000, first: 1_000 })
  await until(() => first.output.includes('committed'))
  first.process.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(first.output).toContain('ended stopped')
  expect(preparedIn(join(folder, 'raw'))).toEqual([])
  writeFileSync(join(folder, 'rest'), '')
  const second = child({ records: 2_000, first: 1_000 })
  expect(await second.ended).toBe(0)
  expect(second.output).toContain('ended finished')
  expectAll(2_000)
}, 60_000)
