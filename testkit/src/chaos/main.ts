// Plays kills, pauses, bad networks and failovers against real workers over a real Redis; what they put out must hold
// exactly what the load is known to give.
//   npm run chaos -- [--events 200] [--seed 1] [--flavour redis|valkey|both] [--workers 4] [--sentinel]
import { parseArgs } from 'node:util'
import type { RedisFlavour } from '../services/launch-redis.ts'
import type { PlayedEvent } from './event-schedule.ts'
import { type ChaosResult, runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    flavour: { type: 'string', default: 'redis' },
    workers: { type: 'string', default: '4' },
    sentinel: { type: 'boolean', default: false },
  },
})
const { sentinel } = values
const [events, seed, workers] = [Number(values.events), Number(values.seed), Number(values.workers)]

for (const flavour of flavoursOf(values.flavour)) {
  console.log(
    `chaos over ${flavour}${sentinel ? ' with sentinels' : ''}: ${events} events, ${workers} workers, seed ${seed}`,
  )
  const began = performance.now()
  const report = ({ number, name, target }: PlayedEvent): void => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`${seconds.padStart(6)} s  ${String(number).padStart(4)}  ${name.padEnd(22)} ${target}`)
  }
  const result = await runChaos({ events, seed, flavour, workers, sentinel, began: report })
  print(result)
  console.log(
    `RESULT chaos flavour=${flavour}${sentinel ? ' sentinel=yes' : ''} events=${events} lost=${result.lost} ` +
      `repeated=${result.repeated} forbidden=${result.forbidden.length} failures=${result.failures.length} ` +
      `windows=${result.expected} workers=${workers} seconds=${Math.round((performance.now() - began) / 1_000)} seed=${seed}`,
  )
  if (!result.ok) process.exitCode = 1
}

function flavoursOf(word: string): readonly RedisFlavour[] {
  if (word === 'both') return ['redis', 'valkey']
  if (word === 'redis' || word === 'valkey') return [word]
  throw new Error(`--flavour: ${word} is not one of redis, valkey, both`)
}

function print({ played, examples, failures, forbidden, folder, ok }: ChaosResult): void {
  console.log()
  for (const [name, count] of [...played].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${String(count).padStart(6)}  ${name}`)
  console.log()
  for (const line of [...failures, ...forbidden.map((commit) => `forbidden: ${commit}`), ...examples]) console.log(line)
  if (!ok) console.log(`logs and output are kept in ${folder}`)
}
