// A worker of `rekeyed` as a process of its own: tells its parent what it counted and what it cost.
import { redisBackplane, start } from '@millrace/runtime'
import { rekeyed, type Way } from './topology.ts'

const [url = '', job = '', worker = '', way = 'raw', perPartition = ''] = process.argv.slice(2)
const state = redisBackplane({ url, job, durability: 'none' })
let counted = 0
const topology = rekeyed(way as Way, Number(perPartition), (records) => (counted += records))
const before = process.cpuUsage()
await start(topology, { state, cluster: { worker, partitions: 8 } }).finished
const { user, system } = process.cpuUsage(before)
await state.close()
process.send?.({ counted, cpuMs: (user + system) / 1000 })
process.disconnect()
