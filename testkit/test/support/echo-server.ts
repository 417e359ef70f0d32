import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that sends back what it gets; until the test ends. */
export interface EchoServer {
  readonly host: string
  readonly port: number
  /** What it got, on all connections. */
  heard(): string
  /** Its ends of the connections there are, oldest first. */
  readonly sockets: readonly Socket[]
}

/** Starts an echo server on a free port of 127.0.0.1. */
export async function echoServer(): Promise<EchoServer> {
  let heard = ''
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
    socket.on('error', () => {}) // tests break connections
    socket.on('close', () => sockets.splice(sockets.indexOf(socket), 1))
    socket.pipe(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, heard: () => heard, sockets }
}
