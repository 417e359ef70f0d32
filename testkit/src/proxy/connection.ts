import type { Socket } from 'node:net'
import { type Fault, Flow } from './flow.ts'

/** A way through a connection. */
export type Direction = 'toServer' | 'toClient'

/** What happens to each direction; it may change at any time. */
export type Faults = { [direction in Direction]: Fault }

/** A client's connection and the one made for it to the server. */
export class Connection {
  readonly #sockets: readonly Socket[]
  readonly #flows: readonly Flow[]

  constructor(client: Socket, server: Socket, faults: Faults) {
    this.#sockets = [client, server]
    this.#flows = [new Flow(client, server, () => faults.toServer), new Flow(server, client, () => faults.toClient)]
  }

  /** Resolves when neither side has it any more. */
  async gone(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  }

  /** Follows a change of the faults. */
  update(): void {
    if (this.#flows.some((flow) => flow.hasGap)) this.reset()
    else for (const flow of this.#flows) flow.update()
  }

  /** Breaks it off on both sides. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}
