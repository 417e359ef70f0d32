// How long after kill -9 of a worker does the output of its tasks go on? Of two workers one is killed; the other must wait for
// its leases to expire, take its tasks, and give their first output.
import { setTimeout as sleep } from 'node:timers/promises'
import { machine, median, printResult } from '../support/machine.ts'
import { PacedCrew } from '../support/paced-crew.ts'

console.log(machine())
const two = await measure(2_000, 5)
const ten = await measure(10_000, 1)
printResult('recovery', { lease2sMs: median(two), lease2sMostMs: Math.max(...two), lease10sMs: median(ten) })

async function measure(leaseMs: number, rounds: number): Promise<number[]> {
  await using crew = await PacedCrew.start(leaseMs)
  const gaps: number[] = []
  crew.join('w0')
  for (let round = 1; round <= rounds; round++) {
    const [victim, heir] = [`w${round - 1}`, `w${round}`]
    crew.join(heir)
    await crew.untilShared()
    const recent = crew.told.filter(({ at, worker }) => worker === victim && at > Date.now() - 1_000)
    const keys = new Set(recent.flatMap((each) => each.keys))
    const at = await crew.kill(victim)
    const isFirst = ({ worker, at: when, keys: of }: (typeof crew.told)[number]): boolean =>
      worker === heir && when > at && of.some((key) => keys.has(key))
    let first = crew.told.find(isFirst)
    while (first === undefined) {
      await sleep(20)
      first = crew.told.find(isFirst)
    }
    gaps.push(first.at - at)
    console.log(`lease ${leaseMs} ms: first output ${first.at - at} ms after kill -9`)
  }
  return gaps
}
