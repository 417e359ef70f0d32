import { describe, expect, test } from 'vitest'
import { defects } from '../../src/simulation/defects.ts'
import { Life } from '../../src/simulation/life.ts'

const seeds = Array.from({ length: 24 }, (_, i) => i + 1)

/** The first of some seeds with which a defect is noticed. */
async function firstToFind(name: string, most: number): Promise<number | undefined> {
  const defect = defects.find((each) => each.name === name)
  for (let seed = 1; seed <= most; seed++) {
    const { problems } = await new Life(seed, defect).live()
    if (problems.length > 0) return seed
  }
  return undefined
}

describe('a simulated cluster', () => {
  test.each(seeds)('puts out what one process does, whatever fails (seed %i)', async (seed) => {
    const { problems } = await new Life(seed).live()
    expect(problems).toEqual([])
  })

  test('lives the same life again with the same seed', async () => {
    const [once, again] = [await new Life(7).live(), await new Life(7).live()]
    expect(once.history.length).toBeGreaterThan(50)
    expect(again).toEqual(once)
  })

  // children of two sources that were found late, and leases of a Redis whose clock was set back: bugs of the past
  test.each([2, 22, 82])('goes on with what it once could not (seed %i)', async (seed) => {
    expect((await new Life(seed).live()).problems).toEqual([])
  })

  // those that take hundreds of seeds to show are left to `npm run sim -- --defects`
  test.each(defects.map(({ name }) => name).filter((name) => name !== 'GC without grace'))(
    'notices: %s',
    async (name) => {
      expect(await firstToFind(name, 40)).toBeDefined()
    },
  )
})
