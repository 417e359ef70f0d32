import { inspect } from 'node:util'
import { startProxy, startRedis, startRedisCluster, startRedisWithReplica, until } from '@millrace/testkit'
import { describeWithRedis } from '@millrace/testkit/vitest'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import type { ClusterBackplane } from '@millrace/core'
import { redisBackplane } from '../../../src/backplane/redis/create-redis-backplane.ts'
import type { RedisBackplaneOptions } from '../../../src/backplane/redis/redis-options.ts'
import { beat, sending, shape, takeTask, writeOf } from './support/one-task-job.ts'

function connect(options: Partial<RedisBackplaneOptions>): ClusterBackplane {
  const backplane = redisBackplane({ job: 'job', durability: 'none', leaseMs: 2_000, ...options })
  onTestFinished(() => backplane.close())
  return backplane
}

async function redisWith(...args: string[]): Promise<Awaited<ReturnType<typeof startRedis>>> {
  const redis = await startRedis({ args })
  onTestFinished(() => redis.stop())
  return redis
}

async function redisWithPassword(password: string): Promise<{ readonly host: string; readonly port: number }> {
  const redis = await redisWith()
  const admin = new Redis(redis.url)
  await admin.config('SET', 'requirepass', password)
  admin.disconnect()
  return redis
}

const errorOf = async (promise: Promise<unknown>): Promise<{ readonly retryable: boolean; readonly text: string }> => {
  const error = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (!(error instanceof Error) || !('retryable' in error)) throw new Error('it did not fail as it should')
  return { retryable: error.retryable === true, text: `${error.message} ${inspect(error, { depth: 10 })}` }
}

describeWithRedis('a connection to a Redis', () => {
  test('lets in with the right password, and names neither a wrong one nor that in the URL', async () => {
    const { host, port } = await redisWithPassword('open sesame')
    await connect({ url: `redis://${host}:${port}`, password: 'open sesame' }).open(shape)
    await connect({ url: `redis://default:open%20sesame@${host}:${port}/0` }).open(shape)
    const { retryable, text } = await errorOf(connect({ url: `redis://:wr0ng@${host}:${port}` }).open(shape))
    expect([retryable, text.includes('wr0ng')]).toEqual([false, false])
    expect(text).toMatch(/^redis:\/\/127\.0\.0\.1:\d+: WRONGPASS .*; give the right user name and password/)
    const missing = await errorOf(connect({ url: `redis://${host}:${port}` }).open(shape))
    expect([missing.retryable, missing.text.includes('NOAUTH')]).toEqual([false, true])
  })

  test('says where nobody answers, and that it may be well later', async () => {
    const { retryable, text } = await errorOf(connect({ url: 'redis://:secret@127.0.0.1:1', leaseMs: 400 }).open(shape))
    expect([retryable, text.includes('secret')]).toEqual([true, false])
    expect(text).toMatch(/^redis:\/\/127\.0\.0\.1:1: no answer: .*; see whether it runs and can be reached/)
  })

  test('says that it is closed', async () => {
    const redis = await redisWith()
    const backplane = connect({ url: redis.url })
    await backplane.close()
    expect((await errorOf(backplane.open(shape))).text).toContain('it is closed')
  })

  test('refuses a server that drops keys when its memory is full', async () => {
    const redis = await redisWith('--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru')
    const { retryable, text } = await errorOf(connect({ url: redis.url }).open(shape))
    expect(retryable).toBe(false)
    expect(text).toContain('its maxmemory-policy is allkeys-lru')
  })

  test('makes do without what the server forbids to be asked', async () => {
    const redis = await redisWith('--user', 'worker', 'on', '>pass', '~*', '+@all', '-info', '-config')
    const { host, port } = redis
    const backplane = connect({ url: `redis://worker:pass@${host}:${port}`, durability: 'auto' })
    const lease = await takeTask(backplane)
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 1))).toBe('written')
    await backplane.durable(lease)
  })

  test('where memory is full, refuses what takes more of it, and takes what frees some', async () => {
    const redis = await redisWith('--maxmemory', '12mb')
    const backplane = connect({ url: redis.url })
    const lease = await takeTask(backplane)
    const admin = new Redis(redis.url)
    onTestFinished(() => admin.disconnect())
    await backplane.writeCheckpoint(lease, sending(lease, 1, 100_000))
    await admin.set('ballast', Buffer.alloc(20_000_000)).catch(() => undefined)
    await admin.config('SET', 'maxmemory', '2mb')
    const { retryable, text } = await errorOf(backplane.writeCheckpoint(lease, sending(lease, 2, 100_000)))
    expect([retryable, text.includes('raise maxmemory')]).toEqual([true, true])
    expect((await beat(backplane, 'a', [lease])).held).toEqual([true])
    const [found] = await backplane.readExchanges([{ exchange: 'counts', partition: 0, after: '0' }], 1)
    const consumed = { exchange: 'counts', partition: 0, position: found?.entries[0]?.position ?? '' }
    const freeing = { frames: [], staged: 0, sends: [], watermark: 1, idle: false, consumed }
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 2, { exchange: freeing }))).toBe('written')
    expect(await backplane.depths(['counts'])).toEqual({ counts: [0] })
    await backplane.release(lease)
  })

  test('says of a replica that it cannot be written to, and that it may be the primary later', async () => {
    const servers = await startRedisWithReplica()
    onTestFinished(() => servers.stop())
    const { retryable, text } = await errorOf(connect({ url: servers.replica.url }).open(shape))
    expect([retryable, text.includes('READONLY')]).toEqual([true, true])
  })

  test('gives up waiting for a frozen server, and goes on when it is thawed', async () => {
    const redis = await redisWith()
    const backplane = connect({ url: redis.url, leaseMs: 800 })
    const lease = await takeTask(backplane)
    redis.freeze()
    const { retryable } = await errorOf(backplane.writeCheckpoint(lease, writeOf(lease, 1)))
    redis.thaw()
    expect(retryable).toBe(true)
    await until(async () => (await outcomeOf(backplane.writeCheckpoint(lease, writeOf(lease, 1)))) !== 'failed')
    expect((await backplane.readCheckpoint(lease.task))?.seq).toBe(1)
  })

  test('a request whose answer was lost is told what became of it', async () => {
    const redis = await redisWith()
    const proxy = await startProxy({ target: redis })
    onTestFinished(() => proxy.close())
    const backplane = connect({ url: `redis://${proxy.host}:${proxy.port}`, leaseMs: 800 })
    const lease = await takeTask(backplane)
    await backplane.writeCheckpoint(lease, writeOf(lease, 1))
    proxy.halfOpen()
    const { retryable } = await errorOf(backplane.writeCheckpoint(lease, writeOf(lease, 2)))
    await proxy.heal()
    expect(retryable).toBe(true)
    let outcome = 'failed'
    await until(
      async () => (outcome = await outcomeOf(backplane.writeCheckpoint(lease, writeOf(lease, 2)))) !== 'failed',
    )
    expect(outcome).toBe('already')
  })

  test('nothing is sent twice by the client after a connection was cut', async () => {
    const redis = await redisWith()
    const proxy = await startProxy({ target: redis })
    onTestFinished(() => proxy.close())
    const backplane = connect({ url: `redis://${proxy.host}:${proxy.port}` })
    const lease = await takeTask(backplane)
    const admin = new Redis(redis.url)
    onTestFinished(() => admin.disconnect())
    const scripts = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1])
    proxy.stall('toClient')
    const before = await scripts()
    const failed = errorOf(backplane.renew([lease], 1_000))
    await until(async () => (await scripts()) > before)
    proxy.cut()
    expect((await failed).retryable).toBe(true)
    await proxy.heal()
    expect(await backplane.renew([lease], 1_000)).toEqual([true])
    expect((await scripts()) - before).toBe(2)
  })

  test('is made like a client of the caller, and leaves that one alone', async () => {
    const { host, port } = await redisWithPassword('pass')
    const client = new Redis({ host, port, password: 'pass' })
    onTestFinished(() => client.disconnect())
    const backplane = connect({ client })
    const lease = await takeTask(backplane)
    expect(await backplane.writeCheckpoint(lease, writeOf(lease, 1))).toBe('written')
    await backplane.close()
    expect(await client.ping()).toBe('PONG')
  })

  test('finds the server of a cluster that has the job', async () => {
    const cluster = await startRedisCluster()
    onTestFinished(() => cluster.stop())
    const hosts = cluster.nodes.map(({ host, port }) => `${host}:${port}`).join()
    for (const job of ['a', 'b', 'c', 'd']) {
      const backplane = connect({ url: `redis+cluster://${hosts}`, job, durability: 'auto' })
      const lease = await takeTask(backplane)
      expect(await backplane.writeCheckpoint(lease, sending(lease, 1, 10))).toBe('written')
      await backplane.durable(lease)
      expect(await backplane.depths(['counts'])).toEqual({ counts: [10] })
    }
  })
})

const outcomeOf = (promise: Promise<string>): Promise<string> => promise.catch(() => 'failed')
