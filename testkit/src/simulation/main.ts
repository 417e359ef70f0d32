import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { type Defect, defects } from './defects.ts'
import { Life, type Verdict } from './life.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    defects: { type: 'boolean', default: false },
    defect: { type: 'string' },
    from: { type: 'string' },
    step: { type: 'string' },
  },
})
const mostSeeds = 2_000
const seeds = Number(values.seeds)
const defectNamed = defects.find(({ name }) => name === values.defect)

if (values.from !== undefined) await workAlone(Number(values.from), Number(values.step))
else if (values.seed !== undefined) await replay(Number(values.seed))
else if (values.defects) await findDefects()
else await playAll()

/** One of several processes: tells of each verdict. */
async function workAlone(first: number, step: number): Promise<void> {
  for (let seed = first; seed <= seeds; seed += step) {
    const { problems, profile } = await new Life(seed, defectNamed).live()
    process.send?.({ seed, profile, problems, history: [] } satisfies Verdict)
  }
  process.disconnect()
}

async function replay(seed: number): Promise<void> {
  const verdict = await new Life(seed, defectNamed).live()
  for (const line of verdict.history) console.log(line)
  console.log(`\nseed ${seed}, profile ${verdict.profile}: ${verdict.problems.length === 0 ? 'passed' : 'failed'}`)
  for (const problem of verdict.problems) console.log(`  ${problem}`)
  process.exitCode = verdict.problems.length === 0 ? 0 : 1
}

async function playAll(): Promise<void> {
  const failed: Verdict[] = []
  let passed = 0
  await spread((verdict) => {
    if (verdict.problems.length === 0) passed++
    else failed.push(verdict)
  })
  for (const { seed, profile, problems } of failed.slice(0, 20)) {
    console.log(`seed ${seed} (${profile}) failed; replay it with: npm run sim -- --seed ${seed}`)
    for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`)
  }
  console.log(`RESULT sim seeds=${seeds} passed=${passed} failed=${failed.length}`)
  process.exitCode = passed === seeds ? 0 : 1
}

async function findDefects(): Promise<void> {
  let found = 0
  for (const defect of defects) {
    const seed = await firstToFind(defect)
    console.log(`${seed === undefined ? 'NOT FOUND' : `found by seed ${seed}`}: ${defect.name}`)
    if (seed !== undefined) found++
  }
  console.log(`RESULT sim-defects found=${found} of=${defects.length}`)
  process.exitCode = found === defects.length ? 0 : 1
}

async function firstToFind(defect: Defect): Promise<number | undefined> {
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const { problems } = await new Life(seed, defect).live()
    if (problems.length > 0) return seed
  }
  return undefined
}

/** Plays all seeds in several processes. */
async function spread(verdict: (verdict: Verdict) => void): Promise<void> {
  const jobs = Math.min(Number(values.jobs), seeds)
  const ended = Array.from({ length: jobs }, (_, i) => {
    const args = ['--from', String(i + 1), '--step', String(jobs), '--seeds', String(seeds)]
    const child = fork(import.meta.filename, args, { execArgv: process.execArgv })
    child.on('message', (message) => verdict(message as Verdict))
    return new Promise<void>((resolve, reject) => {
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process has ended with ${code}`))))
    })
  })
  await Promise.all(ended)
}
