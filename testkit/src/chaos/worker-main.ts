// A worker in a process of its own, to be killed: node -C @millrace/source worker-main.ts '<WorkerOptions as JSON>'
import { start, untilSignal } from '@millrace/runtime'
import { chaosTopology } from './chaos-topology.ts'
import { lineLogger } from './line-logger.ts'
import { workerBackplane } from './worker-backplane.ts'
import type { WorkerOptions } from './worker-options.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
const { name, folder, plan, leaseMs } = options
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const log = lineLogger((line) => process.stderr.write(line))
const backplane = workerBackplane(options, log)
try {
  const job = start(chaosTopology({ plan, folder, by: name }), {
    state: backplane,
    leaseMs,
    checkpointEvery: 300,
    stopWithin: '8s',
    cluster: { worker: name, partitions: 4 },
    log,
  })
  say('started')
  const { ending } = await untilSignal(job, process)
  say(`ended ${ending}`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  say('failed')
  process.exitCode = 1
} finally {
  await backplane.close()
}
