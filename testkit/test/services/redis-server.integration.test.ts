import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { loopback } from '../../src/free-port.ts'
import { askRedis } from '../../src/services/ask-redis.ts'
import { describeWithRedis, describeWithValkey } from '../../src/services/describe-with-redis.ts'
import type { RedisServer } from '../../src/services/redis-server.ts'
import { type RedisOptions, startRedis } from '../../src/services/start-redis.ts'
import { until } from '../../src/until.ts'
import { startProcess } from '../support/process.ts'

describeWithRedis('a Redis of our own', () => behavesAsServer({ flavour: 'redis' }))
describeWithValkey('a Valkey of our own', () => behavesAsServer({ flavour: 'valkey' }))

async function serverWith(options: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

function clientOf({ url }: RedisServer): Redis {
  const client = new Redis(url, { commandTimeout: 300, connectTimeout: 300, retryStrategy: () => 20 })
  client.on('error', () => {}) // it tries again
  onTestFinished(() => client.disconnect())
  return client
}

function behavesAsServer(options: RedisOptions): void {
  test('keeps what it acknowledged through SIGKILL, on the same port', async () => {
    const server = await serverWith({ ...options, appendFsync: 'always' })
    const client = clientOf(server)
    for (let n = 0; n < 100; n++) await client.rpush('acknowledged', n)
    const { pid, port } = server
    await server.kill()
    expect(server.pid).toBeUndefined()

    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
    expect(await clientOf(server).llen('acknowledged')).toBe(100)
  })

  test('is restarted in good order while it runs', async () => {
    const server = await serverWith(options)
    await clientOf(server).set('key', 'value')
    await server.restart()
    expect(await clientOf(server).get('key')).toBe('value')
  })

  test('frozen, lets clients time out; thawed, does what they had asked', async () => {
    const server = await serverWith(options)
    const client = clientOf(server)
    await client.set('key', 'before')
    server.freeze()
    await expect(client.set('key', 'late')).rejects.toThrow('Command timed out')

    server.thaw()
    await expect.poll(() => clientOf(server).get('key'), { timeout: 15_000 }).toBe('late')
  })

  test('ends when it is frozen, at any signal', async () => {
    const server = await serverWith(options)
    server.freeze()
    await server.kill('SIGTERM')
    await server.restart()
    server.freeze()
    await server.stop()
    expect(server.pid).toBeUndefined()
  })

  test('leaves nothing behind', async () => {
    const server = await startRedis(options)
    await server.stop()
    await expect(askRedis(server, 'PING')).rejects.toThrow('ECONNREFUSED')
    expect(existsSync(server.dir)).toBe(false)
    await server.stop()
  })

  test('keeps the folder and the arguments it is given', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'millrace its own '))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const first = await serverWith({ ...options, dir, args: ['--maxmemory', '64mb'] })
    await clientOf(first).set('key', 'value')
    expect(await clientOf(first).config('GET', 'maxmemory')).toContain('67108864')
    await first.stop()
    expect(await clientOf(await serverWith({ ...options, dir })).get('key')).toBe('value')
  })

  test('says why it does not start, and does not take the server on its port for itself', async () => {
    const { port } = await serverWith(options)
    await expect(startRedis({ ...options, port })).rejects.toThrow(/ended:[^]*Address already in use/)
    await expect(startRedis({ ...options, args: ['--no-such-option', '1'] })).rejects.toThrow(/no-such-option/)
  })
}

describeWithRedis('a Redis whose starter dies', () => {
  const fixture = join(import.meta.dirname, 'fixtures/hold-redis.ts')
  const starter = (...args: string[]) =>
    startProcess(process.execPath, ['--conditions', '@millrace/source', fixture, ...args])

  async function expectNothingLeft(stderr: string): Promise<void> {
    const { port, dir } = JSON.parse(stderr) as { readonly port: number; readonly dir: string }
    const isRefused = (): Promise<boolean> =>
      askRedis({ host: loopback, port }, 'PING').then(
        () => false,
        ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
      )
    await until(async () => !existsSync(dir) && (await isRefused()), { what: 'the end of the server and its folder' })
  }

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('dies with it, folder and all, after %s', async (signal) => {
    const running = starter()
    await running.says('port')
    running.kill(signal)
    await expectNothingLeft((await running.ended).stderr)
  })

  test('dies with it after its exit', async () => {
    await expectNothingLeft((await starter('exit').ended).stderr)
  })
})
