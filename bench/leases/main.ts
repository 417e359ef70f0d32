// What do 10,000 tasks on 20 workers cost while nothing else happens?
import { idleCluster } from '../support/idle-cluster.ts'
import { machine, printResult } from '../support/machine.ts'

const size = { workers: 20, tasks: 10_000, leaseMs: 10_000, seconds: 20 }
console.log(machine())
console.log(`${size.tasks} tasks on ${size.workers} workers, leases of ${size.leaseMs} ms, ${size.seconds} s`)
const { held, lost, redisPercent, workersPercent } = await idleCluster(size)
console.log(
  `held ${held}, lost ${lost}; Redis ${redisPercent.toFixed(1)} % of a core, all workers together ${workersPercent.toFixed(1)} %`,
)
printResult('leases', {
  tasks: held,
  lost,
  redisPercent,
  workersPercent,
  oneWorkerPercent: workersPercent / size.workers,
})
