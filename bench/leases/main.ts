// What do 10,000 tasks on 20 workers cost while nothing else happens? Each worker does what ClusterWorker does: a sign of life
// twice a second, its leases renewed three times in their life.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterBackplane, Lease } from '@millrace/core'
import { redisBackplane } from '@millrace/runtime'
import { startRedis } from '@millrace/testkit'
import { machine, printResult } from '../support/machine.ts'
import { processCpuMs } from '../support/process-cpu.ts'

const workers = 20
const tasks = 10_000
const leaseMs = 10_000
const beatMs = 500
const seconds = 20

const redis = await startRedis()
const members = Array.from({ length: workers }, (_, i) => ({
  name: `w${i}`,
  backplane: redisBackplane({ url: redis.url, job: 'leases', leaseMs, durability: 'none' }),
  leases: [] as Lease[],
  renewAt: 0,
}))
type Member = (typeof members)[number]

console.log(machine())
console.log(
  `${tasks} tasks on ${workers} workers, leases of ${leaseMs} ms, a sign of life every ${beatMs} ms, ${seconds} s`,
)
await members[0]?.backplane.open({ sources: [], exchanges: [{ name: 'x', partitions: tasks, sends: [] }] })
await Promise.all(members.map(claimAll))
const held = members.reduce((sum, { leases }) => sum + leases.length, 0)

const [redisBefore, ownBefore, from] = [processCpuMs(redis.pid ?? 0), process.cpuUsage(), performance.now()]
const lost = await Promise.all(members.map((member, i) => live(member, i)))
const elapsedMs = performance.now() - from
const redisPercent = ((processCpuMs(redis.pid ?? 0) - redisBefore) / elapsedMs) * 100
const { user, system } = process.cpuUsage(ownBefore)
const ownPercent = ((user + system) / 1000 / elapsedMs) * 100

for (const { backplane } of members) await backplane.close()
await redis.stop()
console.log(
  `held ${held}, lost ${sum(lost)}; Redis ${redisPercent.toFixed(1)} % of a core, all ${workers} workers together ${ownPercent.toFixed(1)} %`,
)
printResult('leases', {
  tasks: held,
  lost: sum(lost),
  redisPercent,
  workersPercent: ownPercent,
  oneWorkerPercent: ownPercent / workers,
})

async function claimAll({ name, backplane, leases }: Member): Promise<void> {
  const claimed = await backplane.claim({ worker: name, most: tasks / workers, leaseMs })
  leases.push(...claimed.map(({ lease }) => lease))
}

/** @returns how many leases it lost */
async function live(member: Member, number: number): Promise<number> {
  await sleep((beatMs / workers) * number)
  member.renewAt = performance.now() + (leaseMs / 3) * (number / workers)
  const end = performance.now() + seconds * 1000
  let lostLeases = 0
  while (performance.now() < end) {
    lostLeases += await beat(member, member.backplane)
    await sleep(beatMs)
  }
  return lostLeases
}

async function beat(member: Member, backplane: ClusterBackplane): Promise<number> {
  const isDue = performance.now() >= member.renewAt
  if (isDue) member.renewAt = performance.now() + leaseMs / 3
  const leases = isDue ? member.leases : []
  const load = { tasks: member.leases.length, recordsPerSecond: 0, backlog: 0 }
  const { held: kept } = await backplane.heartbeat({ worker: member.name, leases, leaseMs, load, isDraining: false })
  return kept.filter((each) => !each).length
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
