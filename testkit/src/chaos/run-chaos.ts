import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisFlavour } from '../services/launch-redis.ts'
import { until } from '../until.ts'
import { Crew } from './crew.ts'
import { type PlayedEvent, playEvents } from './event-schedule.ts'
import { endLoad } from './load/load-end.ts'
import { generationAt, type LoadPlan } from './load/load-plan.ts'
import { singleServer } from './single-server.ts'
import { type Verdict, verdictOf } from './verdict.ts'
import { watchedServers } from './watched-servers.ts'

/** A chaos to be played. */
export interface ChaosOptions {
  readonly events: number
  readonly seed: number
  readonly flavour: RedisFlavour
  readonly workers: number
  /** Over a primary and a replica that sentinels watch. */
  readonly sentinel: boolean
  /** @default 2_000 */
  readonly leaseMs?: number
  /** Time between the records of each of twelve lanes. @default 4 */
  readonly stepMs?: number
  /** @default 15_000 */
  readonly generationMs?: number
  readonly began?: (event: PlayedEvent) => void
}

/** How a chaos has gone. */
export interface ChaosResult extends Verdict {
  /** How often each event was played. */
  readonly played: ReadonlyMap<string, number>
  /** Workers that ended though nobody asked for it, or did not end though somebody did, or did not get to the end of the load. */
  readonly failures: readonly string[]
  /** Everything that was written and logged; gone when all was well. */
  readonly folder: string
  readonly ok: boolean
}

/** How long the workers may take from the end of all events to the end of the load. */
const finishWithinMs = 90_000

/** Plays events against workers under load, lets them come to the end of it, and looks at what they put out. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  const played = new Map<string, number>()
  const began = (event: PlayedEvent): void => {
    played.set(event.name, (played.get(event.name) ?? 0) + 1)
    options.began?.(event)
  }
  const plan = planOf(options)
  const { failures, generations } = await play({ ...options, began }, plan, folder)
  const verdict = verdictOf(plan, generations, folder)
  const faults = verdict.lost + verdict.repeated + verdict.forbidden.length + failures.length
  if (faults === 0) rmSync(folder, { recursive: true })
  return { ...verdict, played, failures, folder, ok: faults === 0 }
}

const planOf = ({ seed, stepMs = 4, generationMs = 15_000 }: ChaosOptions): LoadPlan => ({
  seed,
  startedAt: Date.now(),
  lanes: 12,
  stepMs,
  generationMs,
})

interface Played {
  readonly failures: readonly string[]
  readonly generations: number
}

async function play(
  options: ChaosOptions & Required<Pick<ChaosOptions, 'began'>>,
  plan: LoadPlan,
  folder: string,
): Promise<Played> {
  const { flavour, sentinel, workers, leaseMs = 2_000 } = options
  await using redis = await (sentinel ? watchedServers(flavour) : singleServer(flavour))
  await using crew = await Crew.start({ redis, workers, plan, folder, leaseMs })
  await until(() => crew.members.every(({ isWell }) => isWell), { what: 'a start of all workers', withinMs: 30_000 })
  await playEvents({ ...options, leaseMs, crew, redis })
  // the generation after the next has not begun for any worker
  const generations = generationAt(plan, Date.now()) + 2
  endLoad(folder, generations)
  return { generations, failures: [...crew.failures, ...(await finish(crew, plan))] }
}

async function finish(crew: Crew, { generationMs }: LoadPlan): Promise<string[]> {
  let left = crew.members
  for (const member of crew.members)
    void member.finished.then(() => {
      left = left.filter((each) => each !== member)
    })
  const withinMs = 2 * generationMs + finishWithinMs
  return until(() => left.length === 0, { withinMs }).then(
    () => [],
    () => left.map(({ name }) => `${name} did not come to the end of the load within ${withinMs} ms`),
  )
}
