import { run } from '@millrace/runtime'
import { expect, test } from 'vitest'
import { chaosTopology } from '../../src/chaos/chaos-topology.ts'
import { expectedOutput } from '../../src/chaos/expected-output.ts'
import { endLoad } from '../../src/chaos/load/load-end.ts'
import type { LoadPlan } from '../../src/chaos/load/load-plan.ts'
import { Shards } from '../../src/chaos/load/shards.ts'
import { verdictOf } from '../../src/chaos/verdict.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test.each([1, 2, 3])('one process puts out what is expected of the load with seed %i', async (seed) => {
  const folder = temporaryFolder()
  // all of it has happened already, so nothing has to be waited for
  const plan: LoadPlan = { seed, startedAt: Date.now() - 60_000, lanes: 12, stepMs: 20, generationMs: 4_000 }
  const generations = 8
  endLoad(folder, generations)
  await run(chaosTopology({ plan, folder, by: 'alone' }), { checkpointEvery: '100ms' })
  expect(verdictOf(plan, generations, folder)).toMatchObject({ lost: 0, repeated: 0, examples: [], forbidden: [] })
})

const plan: LoadPlan = { seed: 4, startedAt: 0, lanes: 12, stepMs: 20, generationMs: 4_000 }

test('shards of the load split and merge', () => {
  const shards = new Shards(plan).upTo(9)
  const children = (id: string): number => shards.filter(({ parents }) => parents.includes(id)).length
  expect(shards.some(({ parents }) => parents.length === 2)).toBe(true)
  expect(shards.some(({ id }) => children(id) === 2)).toBe(true)
})

test('some of the load is late, and some of it is repeated', () => {
  const lines = [...expectedOutput(plan, 9).keys()]
  const records = (sink: string): number =>
    lines
      .filter((line) => line.startsWith(`${sink}/`))
      .reduce((total, line) => total + (JSON.parse(line.slice(line.indexOf(' '))) as { n: number }).n, 0)
  expect(lines.filter((line) => line.startsWith('late/')).length).toBeGreaterThan(10)
  expect(records('counts')).toBe(records('groups'))
  expect(records('unique')).toBeLessThan(0.99 * records('counts'))
})
