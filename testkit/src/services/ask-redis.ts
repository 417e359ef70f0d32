import { connect } from 'node:net'
import type { Endpoint } from '../endpoint.ts'

const patienceMs = 2_000

/**
 * Sends commands, words between spaces, over a connection of its own; what Redis replies to all of them, as text that
 * is not parsed. Sentinels answer as well.
 */
export async function askRedis({ host, port }: Endpoint, ...commands: readonly string[]): Promise<string> {
  const socket = connect({ host, port, signal: AbortSignal.timeout(patienceMs) }).setEncoding('utf8')
  socket.end(commands.map((command) => `${command}\r\n`).join(''))
  let reply = ''
  for await (const text of socket) reply += text as string
  return reply
}
