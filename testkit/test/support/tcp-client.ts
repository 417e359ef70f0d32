import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Endpoint } from '../../src/endpoint.ts'

/** A connection, and what became of it; until the test ends. */
export interface TcpClient {
  readonly socket: Socket
  /** What it got. */
  heard(): string
  /** `ended`, or the code of the error that it was closed with; undefined while it is open. */
  fate(): string | undefined
}

/** Connects; rejects when it is refused. */
export async function tcpClient({ host, port }: Endpoint): Promise<TcpClient> {
  let heard = ''
  let fate: string | undefined
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  socket.on('error', (error: NodeJS.ErrnoException) => (fate = error.code))
  socket.on('end', () => (fate ??= 'ended'))
  return { socket, heard: () => heard, fate: () => fate }
}
