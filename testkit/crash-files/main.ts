// Kills a job over files with kill -9 at random moments and starts it again, until it has been killed often enough; each
// time it gets to its end, the output files must hold exactly what an undisturbed run's hold.
//   npm run crash-files -- [--kills 50] [--seed 1] [--lines 200000]
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seeded } from '../random.ts'
import { writeAccessLog } from './access-log.ts'
import { linesBelow, missing, type Lines } from './lines.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string' }, seed: { type: 'string' }, lines: { type: 'string' } },
})
const kills = Number(values.kills ?? 50)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const lines = Number(values.lines ?? 200_000)
const random = seeded(seed)
const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'crash-files-'))
const input = join(folder, 'access.log')
const children = new Set<ChildProcess>()
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))

/** Starts the job in a folder of its own. */
function start(round: string): ChildProcess {
  mkdirSync(join(folder, round), { recursive: true })
  const job = [
    'run',
    join(root, 'examples/access-log/topology.ts'),
    '--set',
    `input=${input}`,
    '--set',
    `out=${join(folder, round, 'out')}`,
  ]
  const options = ['--state', join(folder, round, 'state.db'), '--checkpoint-every', '100ms', '--log-level', 'error']
  const child = spawn(process.execPath, [join(root, 'runtime/bin/millrace.js'), ...job, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  children.add(child)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4_000)))
  return child
}

let errors = ''

/** Lets it run for a while, or to its end. @returns whether it has ended by itself */
async function live(round: string, forMs: number): Promise<boolean> {
  const child = start(round)
  const timer = setTimeout(() => child.kill('SIGKILL'), forMs)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  children.delete(child)
  if (code !== null && code !== 0) throw new Error(`the job ended with exit code ${code}:\n${errors}`)
  return code === 0
}

const outputOf = (round: string): Lines => linesBelow(join(folder, round, 'out'))

console.log(`seed ${seed}: ${kills} kills, ${lines} lines`)
writeAccessLog(input, lines, random)
const began = performance.now()
await live('undisturbed', 600_000)
const durationMs = performance.now() - began
const expected = outputOf('undisturbed')
const expectedLines = [...expected.values()].reduce((sum, times) => sum + times, 0)
console.log(`undisturbed: ${expectedLines} lines of output in ${Math.round(durationMs)} ms`)

let done = 0
let lost = 0
let repeated = 0
let rounds = 0
while (done < kills) {
  const round = `round-${++rounds}`
  let ended = false
  while (!ended) {
    ended = await live(round, done < kills ? 50 + random() * durationMs : 600_000)
    if (!ended) done++
    const seen = outputOf(round)
    repeated += missing(seen, expected)
    if (ended) lost += missing(expected, seen)
  }
  console.log(`round ${rounds}: ended after ${done} kills in all, lost ${lost}, repeated ${repeated}`)
  rmSync(join(folder, round), { recursive: true })
}
rmSync(folder, { recursive: true })
console.log(`RESULT crash-files kills=${done} lost=${lost} repeated=${repeated} rounds=${rounds} seed=${seed}`)
process.exitCode = lost + repeated > 0 ? 1 : 0
