import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterBackplane, Lease } from '@millrace/core'
import { redisBackplane } from '@millrace/runtime'
import { startRedis } from '@millrace/testkit'
import { processCpuMs } from './process-cpu.ts'

const beatMs = 500

/** How large an idle cluster is. */
export interface IdleClusterSize {
  readonly workers: number
  readonly tasks: number
  readonly leaseMs: number
  readonly seconds: number
}

/** What one cost; shares are of one core. */
export interface IdleClusterCost {
  readonly held: number
  readonly lost: number
  /** From the first claim to the last one. */
  readonly claimedMs: number
  readonly redisPercent: number
  /** Of all workers together. */
  readonly workersPercent: number
  /** How long a worker waits for the answer to its sign of life, of 99 in 100. */
  readonly beatP99Ms: number
  /** From the last sign of life of a worker until others had all its tasks; they ask with each sign of life. */
  readonly takenOverMs: number
}

interface Member {
  readonly name: string
  readonly backplane: ClusterBackplane
  readonly leases: Lease[]
  /** By `performance.now()`. */
  renewAt: number
}

/**
 * Workers that hold leases and do nothing else, on a Redis of their own. Each does what a worker of a cluster does: a sign of
 * life twice a second, and its leases renewed three times in their life. In the end one is gone, and others take its tasks.
 */
export async function idleCluster(size: IdleClusterSize): Promise<IdleClusterCost> {
  const { workers, tasks, leaseMs } = size
  const redis = await startRedis()
  const redisCpuMs = (): number => processCpuMs(redis.pid ?? 0)
  const members = Array.from({ length: workers }, (_, i) => memberOf(`w${i}`, redis.url, leaseMs))
  await members[0]?.backplane.open({ sources: [], exchanges: [{ name: 'x', partitions: tasks, sends: [] }] })
  const claimFrom = performance.now()
  for (const member of members) await claim(member, tasks / workers, leaseMs)
  const claimedMs = performance.now() - claimFrom
  const held = members.reduce((sum, { leases }) => sum + leases.length, 0)

  const [redisBefore, ownBefore, from] = [redisCpuMs(), process.cpuUsage(), performance.now()]
  const lives = await Promise.all(members.map((member, i) => live(member, i / workers, size)))
  const elapsedMs = performance.now() - from
  const redisMs = redisCpuMs() - redisBefore
  const { user, system } = process.cpuUsage(ownBefore)

  const takenOverMs = await takeOver(members, leaseMs)
  await Promise.all(members.map(({ backplane }) => backplane.close()))
  await redis.stop()
  const waits = lives.flatMap((each) => each.waits).toSorted((a, b) => a - b)
  return {
    held,
    lost: lives.reduce((sum, { lost }) => sum + lost, 0),
    claimedMs,
    redisPercent: (redisMs / elapsedMs) * 100,
    workersPercent: ((user + system) / 1000 / elapsedMs) * 100,
    beatP99Ms: waits[Math.floor(waits.length * 0.99)] ?? NaN,
    takenOverMs,
  }
}

function memberOf(name: string, url: string, leaseMs: number): Member {
  const backplane = redisBackplane({ url, job: 'idle', leaseMs, durability: 'none' })
  return { name, backplane, leases: [], renewAt: 0 }
}

async function claim({ name, backplane, leases }: Member, most: number, leaseMs: number): Promise<number> {
  const claimed = await backplane.claim({ worker: name, most, leaseMs })
  leases.push(...claimed.map(({ lease }) => lease))
  return claimed.length
}

interface Lived {
  readonly lost: number
  readonly waits: readonly number[]
}

/** Begins at a phase of its own, from 0 to 1, as workers do that were not started together. */
async function live(member: Member, phase: number, { leaseMs, seconds }: IdleClusterSize): Promise<Lived> {
  await sleep(beatMs * phase)
  member.renewAt = performance.now() + (leaseMs / 3) * phase
  const end = performance.now() + seconds * 1000
  const waits: number[] = []
  let lost = 0
  while (performance.now() < end) {
    const from = performance.now()
    lost += await beat(member, leaseMs)
    waits.push(performance.now() - from)
    await sleep(beatMs)
  }
  return { lost, waits }
}

/** @returns how many leases it has lost */
async function beat(member: Member, leaseMs: number): Promise<number> {
  const { name, backplane } = member
  const isDue = performance.now() >= member.renewAt
  if (isDue) member.renewAt = performance.now() + leaseMs / 3
  const leases = isDue ? member.leases : []
  const load = { tasks: member.leases.length, recordsPerSecond: 0, backlog: 0 }
  const { held } = await backplane.heartbeat({ worker: name, leases, leaseMs, load, isDraining: false })
  return held.filter((each) => !each).length
}

/** The first worker beats no more; the others do, and claim what they can. @returns ms from then until all its tasks are taken */
async function takeOver([gone, ...others]: readonly Member[], leaseMs: number): Promise<number> {
  const wanted = gone?.leases.length ?? 0
  const from = performance.now()
  let taken = 0
  const beating = others.map(async (member, i) => {
    await sleep((beatMs * i) / others.length)
    while (taken < wanted) {
      await beat(member, leaseMs)
      const claimed = taken < wanted ? await claim(member, 10, leaseMs) : 0
      taken += claimed // not `taken += await …`, which adds to what it was before
      await sleep(beatMs)
    }
  })
  await Promise.all(beating)
  return performance.now() - from
}
