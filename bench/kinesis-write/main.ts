// What does the sink put a second, beside PutRecord one by one and beside plain PutRecords of 500? Records of 200 bytes, to 16 shards of a
// server that has no limits. Each way has a process of its own: none runs on the compiled code and the heap that another one has left.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { machine, median, printResult } from '../support/machine.ts'
import { startKinesisServer } from '../support/start-kinesis-server.ts'
import { bytesOfRecord, inFlight, type Round, type Way } from './rounds.ts'

/** A process that was idle is slow at first, as its heap was shrunk: a round is long. */
const records = 400_000
const rounds = 9
const warmUps = 1
const counts: Record<Way, number> = {
  PutRecord: 2_000,
  PutRecords: records,
  sink: records,
  aggregated: records,
  producer: records,
}
const names = Object.keys(counts) as Way[]

const server = await startKinesisServer(16, 0, 0)
console.log(
  `${machine()}; records of ${bytesOfRecord} bytes; ${rounds} interleaved rounds, the median of each; ${inFlight} requests at a time`,
)
const ways = await Promise.all(
  names.map(async (name) => {
    const child = fork(join(import.meta.dirname, 'way.ts'), [name, server.endpoint], { execArgv: process.execArgv })
    await once(child, 'message')
    const measured = async (): Promise<Round> => {
      // what was put before does not weigh on the server
      await server.forget()
      child.send(counts[name])
      const [round] = (await once(child, 'message')) as [Round]
      return round
    }
    return { name, measured, stop: () => child.disconnect(), rounds: [] as Round[] }
  }),
)
for (let i = -warmUps; i < rounds; i++)
  // none is always first
  for (const way of i % 2 === 0 ? ways : ways.toReversed()) {
    const round = await way.measured()
    if (i >= 0) way.rounds.push(round)
  }
for (const way of ways) way.stop()
server.stop()

const all = Object.fromEntries(ways.map((way) => [way.name, way.rounds])) as Record<Way, Round[]>
const figures: Record<string, number> = {}
for (const name of names) {
  const perSecond = median(all[name].map((round) => round.perSecond))
  const cpuUs = median(all[name].map((round) => round.cpuUs))
  console.log(
    `${name.padEnd(11)} ${Math.round(perSecond).toString().padStart(7)} records/s, ${cpuUs.toFixed(2)} µs CPU a record`,
  )
  figures[`${name}PerSecond`] = perSecond
  figures[`${name}CpuUs`] = cpuUs
}
const ratios = (of: keyof Round): number[] => all.sink.map((round, i) => round[of] / (all.PutRecords[i]?.[of] ?? NaN))
const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`
console.log(`sink to PutRecords, by round: rate ${spread(ratios('perSecond'))}, CPU ${spread(ratios('cpuUs'))}`)
printResult('kinesis-write', {
  ...figures,
  sinkToPutRecords: median(ratios('perSecond')),
  sinkToPutRecordsCpu: median(ratios('cpuUs')),
})
