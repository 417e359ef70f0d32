// One worker of the chaos: node worker-main.ts <name> <Redis URL> <Kinesis URL> <out>
import { redisBackplane, start, untilSignal } from '@millrace/runtime'
import chaos from './topology.ts'

process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = 'chaos'
const [worker = '', url = '', endpoint = '', out = ''] = process.argv.slice(2)
const state = redisBackplane({ url, job: 'kinesis-chaos' })
const job = start(chaos, { set: { endpoint, out }, state, leaseMs: 2_000, cluster: { worker, partitions: 4 } })
process.on('disconnect', () => process.exit(1))
await untilSignal(job, process)
await state.close()
process.disconnect()
