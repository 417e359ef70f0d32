// Does one Redis carry the leases and signs of life of 1,000 workers and 100,000 tasks, and how soon are those of a dead one taken?
// All workers are in this process, each with a connection of its own.
import { idleCluster } from '../support/idle-cluster.ts'
import { machine, printResult } from '../support/machine.ts'

const size = { workers: 1_000, tasks: 100_000, leaseMs: 10_000, seconds: 20 }
console.log(machine())
console.log(`${size.tasks} tasks on ${size.workers} workers, leases of ${size.leaseMs} ms, ${size.seconds} s`)
const { held, lost, claimedMs, redisPercent, workersPercent, beatP99Ms, takenOverMs } = await idleCluster(size)
console.log(`all claimed, one worker after the other, in ${claimedMs.toFixed(0)} ms; held ${held}, lost ${lost}`)
console.log(`Redis ${redisPercent.toFixed(1)} % of a core, all workers together ${workersPercent.toFixed(1)} %`)
console.log(`a sign of life is answered within ${beatP99Ms.toFixed(0)} ms (99 of 100)`)
console.log(`the ${size.tasks / size.workers} tasks of a dead worker were taken after ${takenOverMs.toFixed(0)} ms`)
printResult('scale', {
  workers: size.workers,
  tasks: held,
  lost,
  claimedMs,
  redisPercent,
  workersPercent,
  beatP99Ms,
  takenOverMs,
})
