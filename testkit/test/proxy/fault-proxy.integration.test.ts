import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, loopback } from '../../src/free-port.ts'
import { type FaultProxy, startProxy } from '../../src/proxy/fault-proxy.ts'
import type { Endpoint } from '../../src/endpoint.ts'
import { until } from '../../src/until.ts'
import { type EchoServer, echoServer } from '../support/echo-server.ts'
import { tcpClient, type TcpClient } from '../support/tcp-client.ts'

async function proxyTo(target: Endpoint): Promise<FaultProxy> {
  const proxy = await startProxy({ target })
  onTestFinished(() => proxy.close())
  return proxy
}

/** A proxy before an echo server, and a client of it that was answered. */
async function echoing(): Promise<{ server: EchoServer; proxy: FaultProxy; client: TcpClient }> {
  const server = await echoServer()
  const proxy = await proxyTo(server)
  const client = await tcpClient(proxy)
  await answers(client, 'hello.')
  return { server, proxy, client }
}

async function answers(client: TcpClient, text: string): Promise<void> {
  const before = client.heard()
  client.socket.write(text)
  await until(() => client.heard() === before + text, { what: `the echo of ${text}` })
}

/** A fresh client is answered: whatever was to come earlier would have come. */
const answersNewClients = async (proxy: FaultProxy): Promise<void> => answers(await tcpClient(proxy), 'anew.')

async function elapsed(doing: Promise<unknown>): Promise<number> {
  const began = performance.now()
  await doing
  return performance.now() - began
}

test('passes bytes on both ways, and that there are no more', async () => {
  const { proxy, client } = await echoing()
  await answers(client, 'x'.repeat(1_000_000))
  client.socket.end('last')
  await until(() => client.fate() === 'ended')
  expect(client.heard()).toMatch(/x{1000000}last$/)
  await until(() => proxy.connections === 0)
})

test('delays each byte, and has many on their way at a time', async () => {
  const { proxy, client } = await echoing()
  proxy.delay(100)
  expect(await elapsed(answers(client, 'slow'))).toBeGreaterThanOrEqual(200)

  proxy.delay(0, 'toClient')
  expect(await elapsed(answers(client, 'half'))).toBeGreaterThanOrEqual(100)

  proxy.delay(100)
  const tookMs = await elapsed(answers(client, 'x'.repeat(4_000_000)))
  expect(tookMs).toBeLessThan(5_000) // one chunk of 64 KiB after another would take 12 s
})

test('keeps the order when the delay shrinks', async () => {
  const { server, proxy, client } = await echoing()
  const direct = await tcpClient(await echoServer())
  for (const n of [4, 3, 2, 1, 0]) {
    proxy.delay(n * 50)
    client.socket.write(`${n}`)
    await answers(direct, 'meanwhile it is in the proxy.')
  }
  await until(() => server.heard() === 'hello.43210')
})

test('cuts the connections there are with a reset on both sides', async () => {
  const { server, proxy, client } = await echoing()
  const fate = once(server.sockets[0]!, 'error')
  proxy.cut()
  await until(() => client.fate() === 'ECONNRESET')
  expect(await fate).toMatchObject([{ code: 'ECONNRESET' }])
  await answersNewClients(proxy)
})

test('swallows both ways as a black hole, and resets what had fallen in when it closes', async () => {
  const { server, proxy, client } = await echoing()
  proxy.blackHole()
  const late = await tcpClient(proxy)
  client.socket.write('lost')
  late.socket.write('lost')
  server.sockets[0]!.write('lost')
  const other = await tcpClient(server)
  await answers(other, 'not lost.')
  expect([client.heard(), late.heard(), server.heard()]).toEqual(['hello.', '', 'hello.not lost.'])
  expect([client.fate(), late.fate()]).toEqual([undefined, undefined])

  proxy.blackHole(false)
  await until(() => client.fate() === 'ECONNRESET' && late.fate() === 'ECONNRESET')
  await answersNewClients(proxy)
  expect(server.heard()).toBe('hello.not lost.anew.')
})

test('does not tell a client in a black hole that its server is gone', async () => {
  const { server, proxy, client } = await echoing()
  proxy.blackHole()
  server.sockets[0]!.resetAndDestroy()
  await answers(await tcpClient(server), 'direct.')
  expect(client.fate()).toBeUndefined()
  expect(proxy.connections).toBe(1)
  await proxy.heal()
  await until(() => client.fate() === 'ECONNRESET')
})

test('half open, lets a server do what it is told and loses its answers', async () => {
  const { server, proxy, client } = await echoing()
  proxy.halfOpen()
  client.socket.write('do it')
  await until(() => server.heard() === 'hello.do it')
  await answers(await tcpClient(server), 'direct.')
  expect([client.heard(), client.fate()]).toEqual(['hello.', undefined])

  await proxy.heal()
  await until(() => client.fate() === 'ECONNRESET')
})

test('half open the other way, loses what the client says', async () => {
  const { server, proxy, client } = await echoing()
  proxy.halfOpen('toServer')
  client.socket.write('lost')
  server.sockets[0]!.write('news')
  await until(() => client.heard() === 'hello.news')
  expect(server.heard()).toBe('hello.')
})

test('stalled, holds back and loses nothing', async () => {
  const { server, proxy, client } = await echoing()
  proxy.stall('toClient')
  client.socket.write('late')
  await until(() => server.heard() === 'hello.late')
  await answers(await tcpClient(server), 'direct.')
  expect(client.heard()).toBe('hello.')

  await proxy.heal()
  await until(() => client.heard() === 'hello.late')
  await answers(client, 'on.')
})

test('stalled, makes a sender wait instead of buffering all of it', async () => {
  const { proxy, client } = await echoing()
  proxy.stall()
  const bytes = 64 * 1024 * 1024
  client.socket.write(Buffer.alloc(bytes, 'x'))
  const before = process.memoryUsage().arrayBuffers
  await answersWhileStalled(client)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)

  let received = 0
  client.socket.on('data', (data) => (received += data.length))
  await proxy.heal()
  await until(() => received === bytes, { withinMs: 30_000 })
})

/** Some round trips of another pair of sockets in the same event loop: bytes that could move have moved. */
async function answersWhileStalled(stalled: TcpClient): Promise<void> {
  const other = await tcpClient(await echoServer())
  for (let n = 0; n < 100; n++) await answers(other, 'x'.repeat(10_000))
  expect(stalled.socket.writableLength).toBeGreaterThan(0)
}

test('refuses new connections, and leaves those there are', async () => {
  const { proxy, client } = await echoing()
  await proxy.refuse()
  await expect(tcpClient(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await answers(client, 'still here')

  await proxy.refuse(false)
  await answersNewClients(proxy)
})

test('heals all faults at once', async () => {
  const { proxy } = await echoing()
  proxy.delay(60_000)
  proxy.blackHole()
  await proxy.refuse()
  await proxy.heal()
  await answersNewClients(proxy)
})

test('resets a client whose server cannot be reached', async () => {
  const proxy = await proxyTo({ host: loopback, port: await freePort() })
  const client = await tcpClient(proxy)
  await until(() => client.fate() === 'ECONNRESET')
  await until(() => proxy.connections === 0)
})

test('closes with its connections', async () => {
  const { proxy, client } = await echoing()
  await proxy.close()
  await until(() => client.fate() === 'ECONNRESET')
  await expect(tcpClient(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
