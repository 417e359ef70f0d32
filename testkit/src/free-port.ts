import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** The address that all test servers listen on. */
export const loopback = '127.0.0.1'

// Outgoing connections get ports from 32768 up: a port below is still free when its server comes back, and a client
// that tries it meanwhile cannot connect to itself. The bus of a Redis cluster, at port + 10000, is below as well.
const [lowest, limit] = [10_000, 22_768]

/** Lets a server listen on a free port of 127.0.0.1. */
export async function listenOnFreePort(server: Server): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, limit)
    if (await listens(server, port)) return port
  }
}

/** A port that nobody listens on; another process may be given the same, so try again when it is taken after all. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listenOnFreePort(server)
  server.close()
  return port
}

async function listens(server: Server, port: number): Promise<boolean> {
  server.listen({ host: loopback, port, exclusive: true })
  try {
    await once(server, 'listening')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
}
