import { describe, expect, test } from 'vitest'
import { defects } from '../../src/simulation/defects.ts'
import { Life } from '../../src/simulation/life.ts'
import { scenarioNamed, scenarios } from '../../src/simulation/scenarios.ts'

const seeds = Array.from({ length: 24 }, (_, i) => i + 1)

/** The first of some seeds with which a defect is noticed. */
async function firstToFind(name: string, most: number): Promise<number | undefined> {
  const defect = defects.find((each) => each.name === name)
  const scenario = scenarioNamed(defect?.scenario)
  for (let seed = 1; seed <= most; seed++) {
    const { problems } = await new Life(seed, { scenario, defect }).live()
    if (problems.length > 0) return seed
  }
  return undefined
}

describe('a simulated cluster', { timeout: 60_000 }, () => {
  test.each(seeds)('puts out what one process does, whatever fails (seed %i)', async (seed) => {
    const { problems } = await new Life(seed).live()
    expect(problems).toEqual([])
  })

  test.each(scenarios.flatMap((scenario) => [1, 2, 3, 4].map((seed) => ({ scenario, seed, name: scenario.name }))))(
    'does so too where faults have a kind of their own: $name (seed $seed)',
    async ({ scenario, seed }) => {
      expect((await new Life(seed, { scenario }).live()).problems).toEqual([])
    },
  )

  test('lives the same life again with the same seed', async () => {
    const [once, again] = [await new Life(7).live(), await new Life(7).live()]
    expect(once.history.length).toBeGreaterThan(50)
    expect(again).toEqual(once)
  })

  // children of two sources that were found late, and leases of a Redis whose clock was set back: bugs of the past
  test.each([2, 22, 82])('goes on with what it once could not (seed %i)', async (seed) => {
    expect((await new Life(seed).live()).problems).toEqual([])
  })

  // a partition that ended just before its worker was stopped, whose children were found late
  test('goes on where one life of hundreds did not (seed 395)', async () => {
    expect((await new Life(395).live()).problems).toEqual([])
  })

  // those that take dozens of seeds to show are left to `npm run sim -- --defects`
  const rare = ['GC without grace', 'a file is deleted that an accepted record may name']
  test.each(defects.map(({ name }) => name).filter((name) => !rare.includes(name)))('notices: %s', async (name) => {
    expect(await firstToFind(name, 40)).toBeDefined()
  })
})
