import { luaScript } from './lua-script.ts'
import type { Copies, RedisPort } from './redis-port.ts'
import { listOf, numberOf } from './reply-reader.ts'
import type { ConfirmReply } from './scripts.ts'

/** {@link Copies}, with all replicas that are connected where no number is given. */
export type DurableCopies = Omit<Copies, 'replicas'> & { readonly replicas: number | 'connected' }

/** So often a wait is begun again because another replica was found meanwhile. */
const mostWaits = 3

/** Waits until records are where they are not forgotten. */
export class Durability {
  readonly #copies: () => Promise<DurableCopies>
  /** How many replicas there were at the last look. */
  #connected = 0

  /** What to wait for is decided at the first use: it may depend on the server. */
  constructor(copies: () => Promise<DurableCopies>) {
    this.#copies = copies
  }

  /** Runs the script that looks for records, and waits for copies of them. */
  async confirm(port: RedisPort, prefix: string, args: readonly string[]): Promise<ConfirmReply> {
    const { replicas: wanted, ...rest } = await this.#copies()
    for (let waits = 0; waits < mostWaits; waits++) {
      const replicas = wanted === 'connected' ? this.#connected : wanted
      const { reply, isReached } = await port.runAndWait(luaScript('confirm'), prefix, args, { ...rest, replicas })
      const [isThere, connected] = listOf(reply)
      if (isThere !== 1) return 'gone'
      const isEnough = wanted !== 'connected' || numberOf(connected) <= replicas
      this.#note(numberOf(connected))
      if (isReached && isEnough) return 'durable'
      if (!isReached) return 'short'
    }
    return 'short'
  }

  /** Where there was a replica, one stays asked for: a primary that is cut off from all others has none. */
  #note(connected: number): void {
    this.#connected = Math.max(connected, Math.min(1, this.#connected))
  }
}
