import type { DeadLetter, Sink } from '@millrace/core'
import { embeddedBackplane } from '@millrace/runtime'
import { startIn } from '@millrace/runtime/testing'
import { Chance } from './chance.ts'
import { History } from './history.ts'
import type { Profile } from './profiles.ts'
import { SimClock } from './sim-clock.ts'
import { SimDestination } from './sim-destination.ts'
import { SimProcess } from './sim-process.ts'
import type { SimSourceOptions, SimStream } from './sim-stream.ts'

/** All that a job puts out. */
export interface Output {
  readonly out: readonly unknown[]
  readonly late: readonly unknown[]
  readonly letters: readonly unknown[]
  /** Dead letters that nothing of the topology reads. */
  readonly stored: readonly Pick<DeadLetter, 'code' | 'node'>[]
}

/** What the job puts out as one task in one process, of which nothing ever fails. */
export async function expectedOutput(
  { topology }: Profile,
  streams: readonly SimStream[],
  options: Omit<SimSourceOptions, 'all'> = {},
): Promise<Output> {
  const time = new SimClock()
  const chance = new Chance(1)
  const process = new SimProcess('oracle', time, chance, () => 'oracle')
  const [out, late, letters] = ['out', 'late', 'letters'].map((name) => {
    const destination = new SimDestination(name, { time, chance, history: new History(time) })
    destination.faults.slowMs = 0
    return destination
  }) as [SimDestination, SimDestination, SimDestination]
  const sources = streams.map((stream) => stream.source(process, { ...options, all: true }))
  const failures = streams.map(({ readFailures }) => readFailures.probability)
  const state = embeddedBackplane({ path: ':memory:', world: process })
  const sinkOf = (destination: SimDestination): Sink<unknown> => destination.sink(process)
  const ends = { sources, out: sinkOf(out), late: sinkOf(late), letters: sinkOf(letters) }
  const job = startIn(process, topology(ends), { state, env: {}, checkpointEvery: 100_000 })
  let isOver = false
  void job.finished.finally(() => (isOver = true)).catch(() => undefined)
  if (!(await time.until(() => isOver, 10_000_000))) throw new Error('the oracle did not finish')
  await job.finished
  const stored = await state.deadLetters({ limit: 10_000 })
  await state.close()
  if (failures.some((probability) => probability > 0)) throw new Error('an oracle has no failures')
  return { out: out.visible, late: late.visible, letters: letters.visible, stored }
}

/** What differs between two outputs, as sets in which each may be several times. */
export function differences(expected: Output, found: Output): string[] {
  const stored = ({ code, node }: Pick<DeadLetter, 'code' | 'node'>): unknown => ({ code, node })
  return [
    ...compare('out', expected.out, found.out),
    ...compare('late', expected.late, found.late),
    ...compare('letters', expected.letters, found.letters),
    ...compare('stored letters', expected.stored.map(stored), found.stored.map(stored)),
  ]
}

function compare(what: string, expected: readonly unknown[], found: readonly unknown[]): string[] {
  const counts = new Map<string, number>()
  for (const row of expected) count(counts, row, 1)
  for (const row of found) count(counts, row, -1)
  return [...counts]
    .filter(([, n]) => n !== 0)
    .slice(0, 20)
    .map(([row, n]) => `${what}: ${n > 0 ? `lost ${n} ×` : `repeated or wrong ${-n} ×`} ${row}`)
}

function count(counts: Map<string, number>, row: unknown, by: number): void {
  const text = JSON.stringify(row)
  counts.set(text, (counts.get(text) ?? 0) + by)
}
