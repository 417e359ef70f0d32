import { count, from, type Graph, topology, tumbling } from '@millrace/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fate } from '../support/fate.ts'
import { memoryBackplane, workerOf } from '../support/job.ts'
import { ManualWorld } from '../support/manual-world.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { MemorySink } from '../support/memory-sink.ts'

interface Click {
  readonly page: string
  readonly at: number
}

interface Case {
  readonly partitions: readonly (readonly Click[])[]
  /** Of the partition that all of them are merged into. */
  readonly merged: readonly Click[]
  readonly perRead: number
  readonly costMs: number
  readonly seed: number
}

// one event time in seven is bad input
const click = fc
  .record({ page: fc.constantFrom('a', 'b', 'c'), at: fc.nat(60_000) })
  .map((c) => (c.at % 7 === 0 ? { ...c, at: -1 } : c))
const cases = fc.record({
  partitions: fc.array(fc.array(click, { maxLength: 40 }), { minLength: 1, maxLength: 3 }),
  merged: fc.array(
    click.map((c) => ({ ...c, page: 'merged' })),
    { maxLength: 20 },
  ),
  perRead: fc.integer({ min: 1, max: 12 }),
  costMs: fc.constantFrom(0.1, 1, 10),
  seed: fc.nat(),
})

const contacts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 })

test('commits the same output as an undisturbed run, wherever workers die', async () => {
  await fc.assert(
    fc.asyncProperty(cases, contacts, async (input, deaths) => {
      expect(await outcomeOf(input, deaths)).toEqual(await outcomeOf(input, []))
    }),
    { numRuns: 50 },
  )
}, 60_000)

test('commits the same output when workers are frozen, and go on after others took over', async () => {
  await fc.assert(
    fc.asyncProperty(cases, contacts, fc.nat(3), async (input, pauses, thawedAfter) => {
      expect(await outcomeOf(input, pauses, thawedAfter)).toEqual(await outcomeOf(input, []))
    }),
    { numRuns: 50 },
  )
}, 60_000)

/**
 * Runs a job whose workers stop at these contacts, one after the other; the last one lives. Those that stopped go on
 * when so many others have stopped after them, or the job has ended.
 */
async function outcomeOf(input: Case, stops: readonly number[], thawedAfter = Infinity): Promise<unknown> {
  const world = new ManualWorld({ seed: input.seed, costMs: input.costMs })
  const log = new MemoryLog<Click>(world, { perRead: input.perRead })
  input.partitions.forEach((values, i) => log.add(`p${i}`, values))
  const parents = input.partitions.map((_, i) => `p${i}`)
  log.add('merged', input.merged, parents)
  for (const parent of parents) log.end(parent, ['merged'])
  log.finish()
  const views = new MemorySink<object>()
  const raw = new MemorySink<Click>()
  const backplane = memoryBackplane(world)
  const fates = [...stops.map((n) => new Fate(n)), new Fate(Infinity)]
  for (const [i, fate] of fates.entries()) {
    const graph = graphOf(log, views, raw, fate)
    const options = { owner: `worker-${i}`, checkpointEveryMs: 20, leaseMs: 1_000 }
    const worker = workerOf(graph, fate.over(backplane), world, options)
    const ending = worker.run()
    ending.catch(() => undefined)
    await world.run(Promise.race([ending, fate.struck]))
    if (!fate.hasStruck) break
    await world.advance(1_001)
    fates[i - thawedAfter]?.thaw()
  }
  if (thawedAfter < Infinity) for (const fate of fates) fate.thaw()
  await world.advance(60_000)
  // what a thawed worker prepares too late is for the next owner to remove
  const next = workerOf(graphOf(log, views, raw, new Fate(Infinity)), backplane, world)
  expect(await world.run(next.run())).toBe('nothing new')
  const pages = raw.visible.map(({ page }) => page)
  const letters = await backplane.deadLetters({ limit: 1_000 })
  return {
    mergedComeLast:
      !pages.slice(pages.indexOf('merged')).some((page) => page !== 'merged') || !pages.includes('merged'),
    prepared: views.prepared.size + raw.prepared.size,
    views: sorted(views.visible),
    raw: sorted(raw.visible),
    letters: sorted(letters.map(({ partition, position, code }) => ({ partition, position, code }))),
  }
}

function graphOf(log: MemoryLog<Click>, views: MemorySink<object>, raw: MemorySink<Click>, fate: Fate): Graph {
  return topology('clicks')
    .sources(() => ({ clicks: from(fate.over(log.source), { eventTime: 'at', outOfOrderness: '5s' }) }))
    .build(({ clicks }) => ({
      views: clicks.keyBy('page').window(tumbling('10s')).aggregate({ n: count() }).to(fate.over(views.sink)),
      raw: clicks.to(fate.over(raw.sink)),
    }))
    .graph({})
}

const sorted = (values: readonly object[]): string[] => values.map((value) => JSON.stringify(value)).toSorted()
