// One worker of many: node -C @millrace/source worker.ts <Redis URL> <Kinesis URL> <out>
import { redisBackplane, start, untilSignal } from '@millrace/runtime'
import kinesisFraud from './topology.ts'

// whoever runs a real one has credentials
process.env['AWS_ACCESS_KEY_ID'] ??= 'demo'
process.env['AWS_SECRET_ACCESS_KEY'] ??= 'demo'

const [url = '', endpoint = '', out = ''] = process.argv.slice(2)
const backplane = redisBackplane({ url, job: 'kinesis-fraud' })
const job = start(kinesisFraud, { set: { endpoint, region: 'us-east-1', out }, state: backplane, leaseMs: 2_000 })
const report = setInterval(() => process.stdout.write(`${job.progress().nodes['swipes'] ?? 0}\n`), 100)
await untilSignal(job, process)
clearInterval(report)
await backplane.close()
