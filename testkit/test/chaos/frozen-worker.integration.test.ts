import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { commitsFolder } from '../../src/chaos/chaos-topology.ts'
import { Crew } from '../../src/chaos/crew.ts'
import { endLoad } from '../../src/chaos/load/load-end.ts'
import { generationAt, type LoadPlan } from '../../src/chaos/load/load-plan.ts'
import type { Member } from '../../src/chaos/member.ts'
import { firstCommits, type RecordedCommit, recordedCommits } from '../../src/chaos/recorded-commit.ts'
import { singleServer } from '../../src/chaos/single-server.ts'
import { verdictOf } from '../../src/chaos/verdict.ts'
import { describeWithRedis } from '../../src/services/describe-with-redis.ts'
import { until } from '../../src/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const leaseMs = 1_500

async function startCrew(): Promise<{ crew: Crew; plan: LoadPlan; folder: string }> {
  const folder = temporaryFolder()
  const plan: LoadPlan = { seed: 1, startedAt: Date.now(), lanes: 12, stepMs: 10, generationMs: 4_000 }
  const redis = await singleServer('redis')
  onTestFinished(() => redis[Symbol.asyncDispose]())
  const crew = await Crew.start({ redis, workers: 3, plan, folder, leaseMs })
  onTestFinished(() => crew[Symbol.asyncDispose]())
  return { crew, plan, folder }
}

const outputOf = ({ sink, task }: RecordedCommit): string => `${sink} ${task}`

/** The last commit of each output, by whoever made it. */
function newest(folder: string): ReadonlyMap<string, RecordedCommit> {
  return new Map(recordedCommits(commitsFolder(folder)).map((commit) => [outputOf(commit), commit]))
}

/** A worker that makes output at present. */
async function busyOne({ members }: Crew, folder: string): Promise<Member> {
  let found: Member | undefined
  const look = (): boolean => {
    const committers = new Set([...newest(folder).values()].map(({ by }) => by))
    found = members.find(({ processName }) => committers.has(processName))
    return committers.size > 1
  }
  await until(look, { what: 'output of several workers' })
  return found as Member
}

interface LogLine {
  readonly time: string
  readonly msg: string
}

/** What a worker has logged since an instant. */
const logSince = ({ logFile }: Member, instant: number): string[] =>
  readFileSync(logFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ time }) => Date.parse(time) >= instant)
    .map(({ msg }) => msg)

describeWithRedis('a worker that is frozen past its lease', () => {
  test('commits nothing once it is thawed, says so, and works again', async () => {
    const { crew, plan, folder } = await startCrew()
    const frozen = await busyOne(crew, folder)
    frozen.freeze()
    const before = [...newest(folder).values()].filter(({ by }) => by === frozen.processName)
    const isTakenOver = (commit: RecordedCommit): boolean =>
      (newest(folder).get(outputOf(commit))?.tenure.epoch ?? 0) > commit.tenure.epoch
    await until(() => before.every(isTakenOver), { what: 'output of those that took over', withinMs: 20_000 })

    const thawedAt = Date.now()
    frozen.thaw()
    await until(() => logSince(frozen, thawedAt).includes('took a task'), { what: 'another task' })
    expect(logSince(frozen, thawedAt).join('\n')).toMatch(/lease/)

    const generations = generationAt(plan, Date.now()) + 2
    endLoad(folder, generations)
    await Promise.all(crew.members.map(({ finished }) => finished))
    const old = new Set(before.map(({ tenure }) => tenure.nonce))
    const late = firstCommits(recordedCommits(commitsFolder(folder))).filter(
      ({ at, by, tenure }) => at >= thawedAt && by === frozen.processName && old.has(tenure.nonce),
    )
    expect(late).toEqual([])
    expect(crew.failures).toEqual([])
    expect(verdictOf(plan, generations, folder)).toMatchObject({ lost: 0, repeated: 0, forbidden: [] })
  })
})
