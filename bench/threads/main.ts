// What does a second thread bring? The windowed count of many files, all of it exactly once: state and checkpoints on disk,
// windows in files; on one thread, and with two that read, decode and add up. The files are in the page cache. Both must
// give the same windows, each of them once. What two processes do that share nothing, each with half of the files, is what the
// machine can give: two busy cores are not always twice as fast as one, least of all where others use them, too.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { globSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '@millrace/runtime'
import { machine, median, printResult } from '../support/machine.ts'
import { makeLines, recordsInLines } from '../windowed-count/lines.ts'
import pageCounts from './topology.ts'

const fileCount = 20
const rounds = 5
const records = fileCount * recordsInLines
const module = new URL('./topology.ts', import.meta.url)

interface Round {
  readonly ms: number
  /** Of the process. */
  readonly cpuMs: number
  /** Views in all windows. */
  readonly views: number
  readonly windows: number
  readonly hash: string
}

async function round(folder: string, count: number): Promise<Round> {
  const out = mkdtempSync(join(folder, `out-${count}-`))
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const set = { in: join(folder, 'in'), out }
  await run(pageCounts, { set, state: join(out, 'state.db'), threads: { count, module } })
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  const answer = { ms, cpuMs: (user + system) / 1000, ...windowsIn(out) }
  rmSync(out, { recursive: true })
  return answer
}

/** @returns how long two processes take, from when both are ready, in ms */
async function halves(folder: string): Promise<number> {
  const outs = [0, 1].map((i) => mkdtempSync(join(folder, `half-${i}-`)))
  const children = outs.map((out, i) =>
    fork(join(import.meta.dirname, 'half.ts'), [join(folder, `half${i}`), out], { execArgv: process.execArgv }),
  )
  await Promise.all(children.map((child) => once(child, 'message')))
  const startedAt = performance.now()
  for (const child of children) child.send('start')
  await Promise.all(children.map((child) => once(child, 'exit')))
  for (const out of outs) rmSync(out, { recursive: true })
  return performance.now() - startedAt
}

function windowsIn(folder: string): Pick<Round, 'views' | 'windows' | 'hash'> {
  const lines = globSync(`${folder}/*.ndjson`).flatMap((path) => readFileSync(path, 'utf8').trim().split('\n'))
  const views = lines.reduce((sum, line) => sum + (JSON.parse(line) as { views: number }).views, 0)
  return { views, windows: lines.length, hash: createHash('sha256').update(lines.toSorted().join('\n')).digest('hex') }
}

enableCompileCache() // as the command `millrace` does
const folder = mkdtempSync(join(tmpdir(), 'millrace-threads-'))
try {
  for (const name of ['in', 'half0', 'half1']) mkdirSync(join(folder, name))
  const { bytes } = makeLines()
  for (let i = 0; i < fileCount; i++) {
    writeFileSync(join(folder, 'in', `${i}.ndjson`), bytes)
    linkSync(join(folder, 'in', `${i}.ndjson`), join(folder, `half${i % 2}`, `${i}.ndjson`))
  }
  const gigabytes = ((fileCount * bytes.length) / 1e9).toFixed(1)
  console.log(
    `${records / 1e6} million lines in ${fileCount} files, ${gigabytes} GB; ${machine()}; ${rounds} interleaved rounds, medians`,
  )

  const rounded: Record<number, Round[]> = { 1: [], 2: [] }
  const apart: number[] = []
  for (let i = 0; i < rounds; i++) {
    for (const count of [1, 2]) rounded[count]?.push(await round(folder, count))
    apart.push(await halves(folder))
  }
  const figures = [1, 2].map((count) => {
    const all = rounded[count] ?? []
    const ms = median(all.map((each) => each.ms))
    const cpu = median(all.map((each) => each.cpuMs))
    const rates = all.map((each) => (records / each.ms / 1000).toFixed(2)).join(', ')
    console.log(
      `${count} thread${count === 1 ? ' ' : 's'}  ${(records / ms / 1000).toFixed(2)} M records/s (${rates})  ${((cpu / records) * 1e6).toFixed(0)} ns CPU a record`,
    )
    return { ms, cpu, all }
  })
  const [one, two] = figures as [(typeof figures)[0], (typeof figures)[0]]
  const all = [...one.all, ...two.all]
  const isSame = all.every(({ hash, windows }) => hash === all[0]?.hash && windows === all[0].windows)
  console.log(
    `${all[0]?.windows} windows over ${all[0]?.views} views in each run: ${isSame ? 'the same' : 'NOT THE SAME'}`,
  )
  if (!isSame) process.exitCode = 1
  const ceiling = one.ms / median(apart)
  console.log(`two processes that share nothing: ${ceiling.toFixed(2)} × one thread`)
  const best = Math.min(...one.all.map(({ ms }) => ms)) / Math.min(...two.all.map(({ ms }) => ms))
  printResult('threads', {
    records,
    one: records / one.ms / 1000,
    two: records / two.ms / 1000,
    ratio: one.ms / two.ms,
    ratioOfBest: best,
    ceiling,
    nsOne: (one.cpu / records) * 1e6,
    nsTwo: (two.cpu / records) * 1e6,
    same: isSame ? 1 : 0,
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
