import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { type Defect, defects } from './defects.ts'
import { Life, type LifeOptions, type Verdict } from './life.ts'
import { scenarioNamed, scenarios } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    defects: { type: 'boolean', default: false },
    defect: { type: 'string' },
    from: { type: 'string' },
    step: { type: 'string' },
  },
})
const mostSeeds = 2_000
const seeds = Number(values.seeds)
const scenario = scenarioNamed(values.scenario)
const defect = defects.find(({ name }) => name === values.defect)

if (values.from !== undefined) await workAlone(Number(values.from), Number(values.step))
else if (values.seed !== undefined) await replay(Number(values.seed))
else if (values.defects) await findDefects()
else await playAll()

/** One of several processes: tells of each verdict. */
async function workAlone(first: number, step: number): Promise<void> {
  for (let seed = first; seed <= seeds; seed += step)
    for (const options of livesOf(seed)) {
      const verdict = await new Life(seed, options).live()
      process.send?.({ ...verdict, history: [] } satisfies Verdict)
    }
  process.disconnect()
}

/** Of each seed a plain life and one of a scenario, unless one is named. */
function livesOf(seed: number): LifeOptions[] {
  if (scenario !== undefined) return [{ scenario, defect }]
  return [{ defect }, { scenario: scenarios[seed % scenarios.length], defect }]
}

async function replay(seed: number): Promise<void> {
  const verdict = await new Life(seed, { scenario, defect }).live()
  for (const line of verdict.history) console.log(line)
  console.log(`\n${nameOf(verdict)}: ${verdict.problems.length === 0 ? 'passed' : 'failed'}`)
  for (const problem of verdict.problems) console.log(`  ${problem}`)
  process.exitCode = verdict.problems.length === 0 ? 0 : 1
}

function nameOf({ seed, scenario: played, profile }: Verdict): string {
  return `seed ${seed}, ${played === undefined ? '' : `scenario ${played}, `}profile ${profile}`
}

async function playAll(): Promise<void> {
  const failed: Verdict[] = []
  let lives = 0
  await spread((verdict) => {
    lives++
    if (verdict.problems.length > 0) failed.push(verdict)
  })
  for (const verdict of failed.toSorted((a, b) => a.seed - b.seed).slice(0, 20)) {
    const of = verdict.scenario === undefined ? '' : ` --scenario '${verdict.scenario}'`
    console.log(`${nameOf(verdict)}: failed; replay it with: npm run sim -- --seed ${verdict.seed}${of}`)
    for (const problem of verdict.problems.slice(0, 5)) console.log(`  ${problem}`)
  }
  const bad = new Set(failed.map(({ seed }) => seed)).size
  console.log(`RESULT sim seeds=${seeds} passed=${seeds - bad} failed=${bad} lives=${lives}`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

async function findDefects(): Promise<void> {
  let found = 0
  for (const each of defect === undefined ? defects : [defect]) {
    const seed = await firstToFind(each)
    console.log(`${seed === undefined ? 'NOT FOUND' : `found by seed ${seed}`}: ${each.name}`)
    if (seed !== undefined) found++
  }
  console.log(`RESULT sim-defects found=${found} of=${defect === undefined ? defects.length : 1}`)
  process.exitCode = found === (defect === undefined ? defects.length : 1) ? 0 : 1
}

async function firstToFind(each: Defect): Promise<number | undefined> {
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const { problems } = await new Life(seed, { scenario: scenarioNamed(each.scenario), defect: each }).live()
    if (problems.length > 0) return seed
  }
  return undefined
}

/** Plays all seeds in several processes. */
async function spread(verdict: (verdict: Verdict) => void): Promise<void> {
  const jobs = Math.min(Number(values.jobs), seeds)
  const own = [values.scenario && `--scenario=${values.scenario}`, values.defect && `--defect=${values.defect}`]
  const ended = Array.from({ length: jobs }, (_, i) => {
    const part = ['--from', String(i + 1), '--step', String(jobs), '--seeds', String(seeds)]
    const args = [...part, ...own.filter((arg) => arg !== undefined)]
    const child = fork(import.meta.filename, args, { execArgv: process.execArgv })
    child.on('message', (message) => verdict(message as Verdict))
    return new Promise<void>((resolve, reject) => {
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process has ended with ${code}`))))
    })
  })
  await Promise.all(ended)
}
