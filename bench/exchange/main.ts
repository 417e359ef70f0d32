// What does a record cost that goes through an exchange, and does that grow with workers? A re-keyed count over 1, 2 and 4
// worker processes and one Redis; `partial` adds up before the exchange, `raw` may not.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startRedis } from '@millrace/testkit'
import { machine, printResult } from '../support/machine.ts'
import { processCpuMs } from '../support/process-cpu.ts'
import { partitions, perPartition, type Way } from './topology.ts'

interface Cost {
  readonly recordsPerSecond: number
  readonly workersUs: number
  readonly redisUs: number
}

const records = partitions * perPartition
const figures: Record<string, number> = {}
console.log(machine())
console.log('CPU time a record; with more workers than cores more a second is not to be had')
for (const way of ['raw', 'partial'] as const) {
  for (const workers of [1, 2, 4]) {
    const { recordsPerSecond, workersUs, redisUs } = await measure(way, workers)
    const each = `${workersUs.toFixed(2)} µs in workers, ${redisUs.toFixed(2)} µs in Redis`
    console.log(`${way}, ${workers} workers: ${Math.round(recordsPerSecond)} records/s, ${each}`)
    figures[`${way}${workers}Us`] = workersUs + redisUs
    figures[`${way}${workers}PerSecond`] = recordsPerSecond
  }
}
const growth = (way: Way): number => (figures[`${way}4Us`] ?? NaN) / (figures[`${way}1Us`] ?? NaN)
printResult('exchange', { ...figures, rawGrowth4: growth('raw'), partialGrowth4: growth('partial') })

async function measure(way: Way, workers: number): Promise<Cost> {
  const redis = await startRedis()
  const redisBefore = processCpuMs(redis.pid ?? 0)
  const from = performance.now()
  const told = await Promise.all(Array.from({ length: workers }, (_, i) => work(redis.url, `w${i}`, way)))
  const elapsedMs = performance.now() - from
  const redisMs = processCpuMs(redis.pid ?? 0) - redisBefore
  await redis.stop()
  const counted = told.reduce((sum, each) => sum + each.counted, 0)
  if (counted !== records) throw new Error(`counted ${counted} of ${records} records`)
  const workersMs = told.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
  return {
    recordsPerSecond: (records / elapsedMs) * 1000,
    workersUs: (workersMs * 1000) / records,
    redisUs: (redisMs * 1000) / records,
  }
}

async function work(url: string, worker: string, way: Way): Promise<{ counted: number; cpuMs: number }> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [url, 'exchange', worker, way], {
    execArgv: process.execArgv,
  })
  let told = { counted: NaN, cpuMs: NaN }
  child.on('message', (message) => (told = message as typeof told))
  await once(child, 'exit')
  return told
}
