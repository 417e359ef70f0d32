// A worker of `pacedCount` as a process of its own: tells its parent of each commit.
import { redisBackplane, start, untilSignal } from '@millrace/runtime'
import { pacedCount } from './paced.ts'

const [url = '', job = '', worker = '', leaseMs = ''] = process.argv.slice(2)
const state = redisBackplane({ url, job, leaseMs: Number(leaseMs), durability: 'none' })
const topology = pacedCount((committed) => process.send?.(committed))
await untilSignal(
  start(topology, { state, leaseMs: Number(leaseMs), checkpointEvery: '200ms', cluster: { worker, partitions: 8 } }),
  process,
)
await state.close()
process.disconnect()
