import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { listenOnFreePort, loopback } from '../free-port.ts'
import type { Endpoint } from '../endpoint.ts'
import { Connection, type Direction, type Faults } from './connection.ts'
import type { Fault } from './flow.ts'

/** What to stand before. */
export interface ProxyOptions {
  readonly target: Endpoint
}

/** Starts a proxy before a server; it passes everything on until it is told otherwise. */
export async function startProxy({ target }: ProxyOptions): Promise<FaultProxy> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true })
  return new FaultProxy(target, listener, await listenOnFreePort(listener))
}

const healthy: Fault = { mode: 'pass', delayMs: 0 }

/**
 * A network that fails when told to. Faults hold for the connections there are and for those to come, and add up until
 * `heal`. A connection of which something was lost is reset when its bytes would flow again.
 */
export class FaultProxy implements Endpoint, AsyncDisposable {
  readonly host: string = loopback
  readonly port: number
  readonly #target: Endpoint
  readonly #listener: Server
  readonly #connections = new Set<Connection>()
  readonly #faults: Faults = { toServer: healthy, toClient: healthy }

  constructor(target: Endpoint, listener: Server, port: number) {
    this.port = port
    this.#target = target
    this.#listener = listener.on('connection', (client) => this.#accept(client))
  }

  /** How many connections there are, counting those that only one side knows of. */
  get connections(): number {
    return this.#connections.size
  }

  #accept(client: Socket): void {
    const { host, port } = this.#target
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true })
    const connection = new Connection(client, server, this.#faults)
    this.#connections.add(connection)
    void connection.gone().then(() => this.#connections.delete(connection))
  }

  /** Bytes take so long, in one direction or in each; up to 1 MiB of them are on their way at a time. */
  delay(ms: number, direction?: Direction): void {
    this.#change({ delayMs: ms }, direction)
  }

  /** Holds everything back, in one direction or in both; nothing is lost, all of it comes late. */
  stall(direction?: Direction): void {
    this.#change({ mode: 'stall' }, direction)
  }

  /** Accepts connections and answers nothing; what either side sends is lost. */
  blackHole(on = true): void {
    this.#change({ mode: on ? 'drop' : 'pass' })
  }

  /** One direction is lost and the other goes on: the server does what it is told, and nobody hears of it. */
  halfOpen(lost: Direction = 'toClient'): void {
    this.#change({ mode: 'drop' }, lost)
  }

  /** Resets all connections there are. */
  cut(): void {
    for (const connection of this.#connections) connection.reset()
  }

  /** Refuses new connections, or accepts them again. */
  async refuse(on = true): Promise<void> {
    if (on === !this.#listener.listening) return
    if (on) this.#listener.close()
    else await once(this.#listener.listen({ host: this.host, port: this.port }), 'listening')
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.#change(healthy)
    await this.refuse(false)
  }

  #change(change: Partial<Fault>, direction?: Direction): void {
    for (const changed of direction ? [direction] : (['toServer', 'toClient'] as const)) {
      this.#faults[changed] = { ...this.#faults[changed], ...change }
    }
    for (const connection of this.#connections) connection.update()
  }

  /** Stops listening and resets all connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve))
    this.cut()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
