// One worker of many: node -C @millrace/source worker.ts <Redis URL> <logs> <out>
import { redisBackplane, start, untilSignal } from '@millrace/runtime'
import accessLogs from '../topology.ts'

const [url = '', input = '', out = ''] = process.argv.slice(2)
const backplane = redisBackplane({ url, job: 'access-log' })
const job = start(accessLogs, { set: { input, out }, state: backplane, leaseMs: 2_000 })
const report = setInterval(() => process.stdout.write(`${job.progress().nodes['requests'] ?? 0}\n`), 50)
await untilSignal(job, process)
clearInterval(report)
await backplane.close()
