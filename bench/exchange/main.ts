// What does a record cost that goes through an exchange, and does that grow with workers? A re-keyed count over 1, 2 and 4
// worker processes and one Redis; `partial` adds up before the exchange, `raw` may not.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startRedis } from '@millrace/testkit'
import { machine, printResult } from '../support/machine.ts'
import { processCpuMs } from '../support/process-cpu.ts'
import { partitions, type Way } from './topology.ts'

interface Run {
  readonly ms: number
  readonly workersMs: number
  readonly redisMs: number
}

// two sizes: what a run costs that does not depend on how many records there are (starting, compiling) is their difference's to leave out
const sizes = { raw: [200_000, 800_000], partial: [800_000, 4_000_000] } as const
const figures: Record<string, number> = {}
console.log(machine())
console.log('CPU time of one record more; with more workers than cores more a second is not to be had')
for (const way of ['raw', 'partial'] as const) {
  for (const workers of [1, 2, 4]) {
    const [small, large] = sizes[way]
    const records = (large - small) * partitions
    const perRecord = (difference: number): number => (difference * 1000) / records
    const [less, more] = [await measure(way, workers, small), await measure(way, workers, large)]
    const [workersUs, redisUs] = [perRecord(more.workersMs - less.workersMs), perRecord(more.redisMs - less.redisMs)]
    const perSecond = (records / (more.ms - less.ms)) * 1000
    const startMs = (less.workersMs - (workersUs * small * partitions) / 1000) / workers
    const each = `${workersUs.toFixed(2)} µs in workers, ${redisUs.toFixed(2)} µs in Redis`
    console.log(
      `${way}, ${workers} workers: ${Math.round(perSecond)} records/s, ${each}; starting a worker ${startMs.toFixed(0)} ms`,
    )
    figures[`${way}${workers}Us`] = workersUs + redisUs
    figures[`${way}${workers}PerSecond`] = perSecond
  }
}
const growth = (way: Way): number => (figures[`${way}4Us`] ?? NaN) / (figures[`${way}1Us`] ?? NaN)
printResult('exchange', { ...figures, rawGrowth4: growth('raw'), partialGrowth4: growth('partial') })

async function measure(way: Way, workers: number, perPartition: number): Promise<Run> {
  const redis = await startRedis()
  const redisBefore = processCpuMs(redis.pid ?? 0)
  const from = performance.now()
  const all = Array.from({ length: workers }, (_, i) => work([redis.url, 'exchange', `w${i}`, way, `${perPartition}`]))
  const told = await Promise.all(all)
  const ms = performance.now() - from
  const redisMs = processCpuMs(redis.pid ?? 0) - redisBefore
  await redis.stop()
  const counted = told.reduce((sum, each) => sum + each.counted, 0)
  if (counted !== perPartition * partitions)
    throw new Error(`counted ${counted} of ${perPartition * partitions} records`)
  return { ms, redisMs, workersMs: told.reduce((sum, { cpuMs }) => sum + cpuMs, 0) }
}

async function work(args: readonly string[]): Promise<{ counted: number; cpuMs: number }> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), args, { execArgv: process.execArgv })
  let told = { counted: NaN, cpuMs: NaN }
  child.on('message', (message) => (told = message as typeof told))
  await once(child, 'exit')
  return told
}
