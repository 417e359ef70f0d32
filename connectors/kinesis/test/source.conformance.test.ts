import { json, string, int } from '@millrace/core'
import { sourceConformance } from '@millrace/core/testing'
import { kinesis, type KinesisOptions } from '@millrace/kinesis'
import { startKinesis } from '@millrace/kinesis/testing'
import { describe, expect, test } from 'vitest'

interface Swipe {
  readonly id: string
  readonly n: number
}

const decode = json({ id: string(), n: int() })

/** Two shards, one of which was split: its children go on where it ended. */
async function create(options: Partial<KinesisOptions<Swipe>>) {
  // ten thousand times as fast: a second subscription to a shard is refused for five seconds
  const clock = { now: () => 1.7e12 + performance.now() * 10_000 }
  const server = await startKinesis({ limits: false, ...(options.fanOut && { clock }) })
  const stream = server.create('swipes', 2)
  const content = new Map<string, Swipe[]>()
  const put = (n: number): void => {
    const swipe = { id: `card-${n % 7}`, n }
    const { shardId } = stream.put(swipe.id, JSON.stringify(swipe))
    content.set(shardId, [...(content.get(shardId) ?? []), swipe])
  }
  for (let n = 0; n < 40; n++) put(n)
  stream.split('shardId-000000000000')
  for (let n = 40; n < 80; n++) put(n)
  const source = kinesis({ stream: 'swipes', decode, pollEvery: '20ms', ...server.clientOptions, ...options })
  return {
    source,
    content: [...content.values()],
    unreachable: kinesis({ stream: 'nowhere', decode, ...server.clientOptions }),
    close: () => server.stop(),
  }
}

describe('polling', () => {
  sourceConformance({ test, expect, create: () => create({}) })
})

describe('enhanced fan-out', () => {
  sourceConformance({
    test,
    expect,
    create: () => create({ fanOut: { consumer: 'job' } }),
    skip: { 'keeps readers apart': 'the service allows one subscription a consumer and shard' },
  })
})
