import { luaScript } from './lua-script.ts'
import type { Copies, RedisPort } from './redis-port.ts'
import { listOf, numberOf } from './reply-reader.ts'
import type { ConfirmReply } from './scripts.ts'

/** What makes a write count as durable. */
export interface Durability {
  /** Decided at the first use: it may depend on the server. */
  copies(): Promise<DurableCopies>
}

/** {@link Copies}, with all replicas that are connected where no number is given. */
export type DurableCopies = Omit<Copies, 'replicas'> & { readonly replicas: number | 'connected' }

/** So often a wait is begun again because another replica was found meanwhile. */
const mostWaits = 3

/** Runs the script that looks for records, and waits for copies of them. */
export async function confirm(
  port: RedisPort,
  prefix: string,
  args: readonly string[],
  durability: Durability,
): Promise<ConfirmReply> {
  const { replicas: wanted, ...rest } = await durability.copies()
  let replicas = wanted === 'connected' ? 0 : wanted
  for (let waits = 0; waits < mostWaits; waits++) {
    const { reply, isReached } = await port.runAndWait(luaScript('confirm'), prefix, args, { ...rest, replicas })
    const [isThere, connected] = listOf(reply)
    if (isThere !== 1) return 'gone'
    if (!isReached) return 'short'
    if (wanted !== 'connected' || numberOf(connected) <= replicas) return 'durable'
    replicas = numberOf(connected)
  }
  return 'short'
}
