import type { Job, Summary } from '../../../start.ts'
import type { Ending } from '../../../worker/lifecycle.ts'
import type { Progress } from '../../../worker/progress.ts'
import { exitCodeOf } from '../../exit-code.ts'

/**
 * Several workers of one job as one. When one fails, the others are stopped too: whoever supervises the process starts all of
 * them again. The failure is the one with the greatest exit code.
 */
export function jointJob(jobs: readonly [Job, ...Job[]]): Job {
  const finished = endOf(jobs)
  const stop = (): Promise<Summary> => {
    for (const job of jobs) job.stop().catch(() => undefined)
    return finished
  }
  // whoever waits for the end is told of it
  for (const job of jobs) job.finished.catch(() => stop().catch(() => undefined))
  return {
    name: jobs[0].name,
    finished,
    stop,
    progress: () => sumOf(jobs.map((job) => job.progress())),
    [Symbol.asyncDispose]: async () => void (await Promise.allSettled([stop()])),
  }
}

async function endOf(jobs: readonly Job[]): Promise<Summary> {
  const outcomes = await Promise.allSettled(jobs.map((job) => job.finished))
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  if (failures.length > 0) throw failures.toSorted((a, b) => exitCodeOf(b) - exitCodeOf(a))[0]
  const summaries = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  return { ...sumOf(summaries), ending: endingOf(summaries.map(({ ending }) => ending)) }
}

/** A job that was stopped for one of them was stopped. */
const endingOf = (endings: readonly Ending[]): Ending =>
  endings.includes('stopped') ? 'stopped' : endings.includes('finished') ? 'finished' : 'nothing new'

const sumOf = (each: readonly Progress[]): Progress => each.reduce(add)

const add = (a: Progress, b: Progress): Progress => ({
  ...a,
  state: a.state === 'running' ? a.state : b.state,
  elapsedMs: Math.max(a.elapsedMs, b.elapsedMs),
  records: a.records + b.records,
  recordsPerSecond: a.recordsPerSecond + b.recordsPerSecond,
  written: a.written + b.written,
  watermark: of(Math.min, a.watermark, b.watermark),
  lagMs: of(Math.max, a.lagMs, b.lagMs),
  deadLetters: a.deadLetters + b.deadLetters,
  late: a.late + b.late,
  checkpoint: Math.max(a.checkpoint, b.checkpoint),
  checkpoints: a.checkpoints + b.checkpoints,
  stateBytes: a.stateBytes + b.stateBytes,
  partitions: a.partitions + b.partitions,
  nodes: addNodes(a.nodes, b.nodes),
})

/** Of those that are known. */
const of = (
  choose: (a: number, b: number) => number,
  a: number | undefined,
  b: number | undefined,
): number | undefined => (a === undefined ? b : b === undefined ? a : choose(a, b))

const addNodes = (a: Progress['nodes'], b: Progress['nodes']): Progress['nodes'] =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]),
  )
