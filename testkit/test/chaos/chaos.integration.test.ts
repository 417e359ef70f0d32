import { expect, test } from 'vitest'
import { runChaos } from '../../src/chaos/run-chaos.ts'
import { describeWithRedis } from '../../src/services/describe-with-redis.ts'

describeWithRedis('workers over a real Redis', () => {
  test('lose and repeat nothing, whatever happens to them and to it', async () => {
    const result = await runChaos({
      events: 10,
      seed: 1,
      flavour: 'redis',
      workers: 3,
      sentinel: false,
      stepMs: 10,
      generationMs: 4_000,
    })
    const { lost, repeated, forbidden, failures, examples } = result
    expect({ lost, repeated, forbidden, failures, examples }).toEqual({
      lost: 0,
      repeated: 0,
      forbidden: [],
      failures: [],
      examples: [],
    })
  })
})
