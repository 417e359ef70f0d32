// How long from a record to its committed output, with and without an exchange on the way, by checkpoint interval? One worker, a
// Redis, 400 records a second; an exactly-once sink, whose output is visible once a checkpoint that names it is written.
import { setTimeout as sleep } from 'node:timers/promises'
import { redisBackplane, start } from '@millrace/runtime'
import { startRedis } from '@millrace/testkit'
import { machine, printResult } from '../support/machine.ts'
import { pacedTicks } from '../support/paced.ts'

const warmUpMs = 2_000
const measuredMs = 8_000
const figures: Record<string, number> = {}

console.log(machine())
for (const way of ['direct', 'exchange'] as const) {
  for (const checkpointMs of [50, 100, 1_000]) {
    const latencies = (await measure(way, checkpointMs)).toSorted((a, b) => a - b)
    const [p50, p99] = [0.5, 0.99].map((part) => latencies[Math.floor(latencies.length * part)] ?? NaN)
    console.log(
      `${way}, a checkpoint every ${checkpointMs} ms: p50 ${p50} ms, p99 ${p99} ms (${latencies.length} records)`,
    )
    Object.assign(figures, { [`${way}${checkpointMs}P50Ms`]: p50, [`${way}${checkpointMs}P99Ms`]: p99 })
  }
}
printResult('latency', figures)

async function measure(way: 'direct' | 'exchange', checkpointMs: number): Promise<number[]> {
  const redis = await startRedis()
  const state = redisBackplane({ url: redis.url, job: 'latency', durability: 'none' })
  const latencies: number[] = []
  const from = Date.now() + warmUpMs
  const topology = pacedTicks(way, ({ at, ats }) => {
    if (at >= from) latencies.push(...ats.map((each) => at - each))
  })
  const job = start(topology, { state, checkpointEvery: checkpointMs, cluster: { worker: 'w0', partitions: 4 } })
  await Promise.race([sleep(warmUpMs + measuredMs), job.finished])
  await job.stop()
  await state.close()
  await redis.stop()
  return latencies
}
