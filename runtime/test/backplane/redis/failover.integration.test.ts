import { inspect } from 'node:util'
import { startRedis, startRedisWithReplica, startSentinels, until } from '@millrace/testkit'
import { describeWithRedis, describeWithValkey } from '@millrace/testkit/vitest'
import type { ClusterBackplane } from '@millrace/core'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { redisBackplane } from '../../../src/backplane/redis/create-redis-backplane.ts'
import type { RedisBackplaneOptions } from '../../../src/backplane/redis/redis-options.ts'
import { silent } from '../../../src/logger.ts'
import { beat, takeAgain, takeTask, writeOf } from './support/one-task-job.ts'

function connect(options: Partial<RedisBackplaneOptions>): ClusterBackplane {
  const backplane = redisBackplane({ job: 'job', leaseMs: 2_000, ...options })
  onTestFinished(() => backplane.close())
  return backplane
}

const answers = (call: () => Promise<unknown>): Promise<void> =>
  until(() =>
    call().then(
      () => true,
      () => false,
    ),
  )

describeWithRedis('a Redis that fails', () => {
  test('voids all leases when it was started again, and tasks go on from their records', async () => {
    const redis = await startRedis({ appendFsync: 'always' })
    onTestFinished(() => redis.stop())
    const backplane = connect({ url: redis.url })
    const lease = await takeTask(backplane)
    await backplane.writeCheckpoint(lease, writeOf(lease, 1))
    await redis.kill()
    await redis.restart()
    await answers(() => beat(backplane))
    expect((await beat(backplane, 'a', [lease])).held).toEqual([false])
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 2))).toBe('fenced')
    const again = await takeAgain(backplane)
    expect(again?.lease.epoch).toBe(lease.epoch + 1)
    expect(again?.lease.run === lease.run).toBe(false)
    expect((await backplane.readCheckpoint(lease.task))?.seq).toBe(1)
    if (again) expect(await backplane.writeCheckpoint(again.lease, writeOf(again.lease, 2))).toBe('written')
  })

  test('keeps leases when only connections were lost', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const backplane = connect({ url: redis.url })
    const lease = await takeTask(backplane)
    redis.freeze()
    await expect(beat(backplane)).rejects.toMatchObject({ retryable: true })
    redis.thaw()
    await answers(() => beat(backplane))
    expect((await beat(backplane, 'a', [lease])).held).toEqual([true])
  })

  for (const by of ['command', 'kill'] as const)
    test(`goes on with the primary that sentinels choose: ${by}`, async () => {
      const replication = await startRedisWithReplica()
      onTestFinished(() => replication.stop())
      const sentinels = await startSentinels(replication)
      onTestFinished(() => sentinels.stop())
      const hosts = sentinels.endpoints.map(({ host, port }) => `${host}:${port}`).join()
      const backplane = connect({ url: `redis+sentinel://${hosts}/${sentinels.name}` })
      const lease = await takeTask(backplane)
      await backplane.writeCheckpoint(lease, writeOf(lease, 1))
      await backplane.durable(lease)
      await sentinels.failover(by)
      await answers(async () => expect((await beat(backplane, 'a', [lease])).held).toEqual([false]))
      const again = await takeAgain(backplane)
      expect(again?.lease.epoch).toBe(lease.epoch + 1)
      expect((await backplane.readCheckpoint(lease.task))?.seq).toBe(1)
    })
})

describeWithRedis('sentinels that ask for a password', () => {
  test('are given theirs, and name none of them where it is wrong', async () => {
    const replication = await startRedisWithReplica()
    onTestFinished(() => replication.stop())
    const sentinels = await startSentinels(replication, { count: 1 })
    onTestFinished(() => sentinels.stop())
    const [sentinel] = sentinels.sentinels
    const url = `redis+sentinel://${sentinel?.host}:${sentinel?.port}/${sentinels.name}`
    const admin = new Redis({ host: sentinel?.host ?? '', port: sentinel?.port ?? 0 })
    await admin.acl('SETUSER', 'default', 'resetpass', '>hunter2')
    admin.disconnect()
    const backplane = connect({ url, sentinelPassword: 'hunter2' })
    const lease = await takeTask(backplane)
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 1))).toBe('written')
    for (const sentinelPassword of [undefined, 'wr0ng']) {
      const locked = connect({ url, ...(sentinelPassword && { sentinelPassword }) })
      const error = await beat(locked).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code: 'BACKPLANE', retryable: false })
      expect(inspect(error, { depth: 10 })).not.toContain('wr0ng')
      expect((error as Error).message).toMatch(
        /the sentinels do not let in: (WRONGPASS|NOAUTH) .*Give the right sentinelPassword/,
      )
    }
  })
})

describe('durable', () => {
  const warnings = (): { readonly texts: string[]; readonly log: typeof silent } => {
    const texts: string[] = []
    return { texts, log: { ...silent, warn: (_fields, text) => texts.push(text) } }
  }

  const written = async (backplane: ClusterBackplane): Promise<() => Promise<void>> => {
    const lease = await takeTask(backplane)
    await backplane.writeCheckpoint(lease, writeOf(lease, 1))
    return () => backplane.durable(lease)
  }

  describeWithRedis('on a Redis that cannot wait for its disk', () => {
    test('waits for the replicas that are connected, and not for ever', async () => {
      const servers = await startRedisWithReplica()
      onTestFinished(() => servers.stop())
      const { primary, replica } = servers
      const { texts, log } = warnings()
      const backplane = connect({ url: primary.url, log, durableWithin: 300 })
      const durable = await written(backplane)
      await answers(durable)
      replica.freeze()
      await expect(durable()).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
      replica.thaw()
      await answers(durable)
      expect(texts).toEqual([])
    })

    test('does not take a primary that is cut off from its replica at its word', async () => {
      const servers = await startRedisWithReplica()
      onTestFinished(() => servers.stop())
      const { primary, replica } = servers
      const durable = await written(connect({ url: primary.url, durableWithin: 300 }))
      await answers(durable)
      await replica.kill()
      await expect(durable()).rejects.toMatchObject({ code: 'BACKPLANE', retryable: true })
      await replica.restart()
      await answers(durable)
    })

    test('says once what it cannot promise, and waits for nothing', async () => {
      const redis = await startRedis()
      onTestFinished(() => redis.stop())
      const { texts, log } = warnings()
      const durable = await written(connect({ url: redis.url, log }))
      await durable()
      await durable()
      expect(texts.length).toBe(1)
      expect(texts[0]).toContain('cannot say when a write is on its disk')
    })
  })

  describeWithValkey('on a Valkey', () => {
    test('waits for the disk, for the tasks of a worker together', async () => {
      const redis = await startRedis({ flavour: 'valkey', appendFsync: 'always' })
      onTestFinished(() => redis.stop())
      const { texts, log } = warnings()
      const durable = await written(connect({ url: redis.url, log }))
      await Promise.all(Array.from({ length: 20 }, () => durable()))
      expect(texts).toEqual([])
    })

    test('says so when there is no such file', async () => {
      const redis = await startRedis({ flavour: 'valkey', args: ['--appendonly', 'no'] })
      onTestFinished(() => redis.stop())
      const { texts, log } = warnings()
      await (
        await written(connect({ url: redis.url, log }))
      )()
      expect(texts[0]).toContain('keeps nothing on disk and has no replica')
      const strict = connect({ url: redis.url, job: 'strict', durability: { aof: true } })
      await expect((await written(strict))()).rejects.toMatchObject({ code: 'BACKPLANE' })
    })

    test('holds nothing up that has another connection', async () => {
      const servers = await startRedisWithReplica({ flavour: 'valkey' })
      onTestFinished(() => servers.stop())
      const { primary, replica } = servers
      const backplane = connect({ url: primary.url, durableWithin: 1_000 })
      const durable = await written(backplane)
      await answers(durable)
      replica.freeze()
      const waiting = durable().catch(() => 'not in time')
      const at = performance.now()
      await beat(backplane)
      expect(performance.now() - at).toBeLessThan(900)
      replica.thaw()
      await waiting
    })
  })
})
