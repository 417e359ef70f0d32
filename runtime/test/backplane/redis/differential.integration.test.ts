import { anyRedis, type AnyRedis } from '@millrace/testkit'
import { describeWithAnyRedis } from '@millrace/testkit/vitest'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, freshMemory, moments, type Moment } from './support/script-steps.ts'
import { modelScriptStore, redisScriptStore, type ScriptStore } from './support/script-store.ts'

describeWithAnyRedis('the model of a Redis', () => {
  let redis: AnyRedis
  beforeAll(async () => {
    redis = await anyRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  test('replies to any calls as the scripts of a real one do, and keeps the same data', async () => {
    const runs = Number(process.env['MILLRACE_TEST_RUNS'] ?? 60)
    await fc.assert(
      fc.asyncProperty(moments, async (sequence) => same(redis.url, sequence)),
      { numRuns: runs },
    )
  })
})

async function same(url: string, sequence: readonly Moment[]): Promise<void> {
  const [model, real] = [modelScriptStore(), await redisScriptStore(url)]
  try {
    const [modelReplies, realReplies] = [await play(model, sequence), await play(real, sequence)]
    expect(modelReplies).toEqual(realReplies)
    expect(await model.dump()).toEqual(await real.dump())
  } finally {
    await real.dispose()
  }
}

async function play(store: ScriptStore, sequence: readonly Moment[]): Promise<unknown[]> {
  const memory = freshMemory()
  const replies: unknown[] = []
  let now = 1_700_000_000_000
  let servers = 0
  for (const step of begin) await step(store.scripts, memory)
  for (const { name, step, ms, isElsewhere } of sequence) {
    now += ms
    if (isElsewhere) servers++
    await store.set(now, `server${servers}`)
    replies.push([name, await step(store.scripts, memory)])
  }
  return replies
}
