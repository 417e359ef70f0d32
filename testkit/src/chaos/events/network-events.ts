import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../random.ts'
import type { FaultProxy } from '../../proxy/fault-proxy.ts'
import { between } from './between.ts'
import type { WorkerEvent } from './worker-event.ts'

/** What happens between one worker and Redis. */
export const networkEvents: readonly WorkerEvent[] = [
  fault('delay', 6, (proxy, random) => proxy.delay(between(random, 20, 200))),
  fault('stall', 6, (proxy) => proxy.stall()),
  fault('black hole', 6, (proxy) => proxy.blackHole()),
  fault('answers lost', 8, (proxy) => proxy.halfOpen('toClient')),
  fault('requests lost', 4, (proxy) => proxy.halfOpen('toServer')),
  fault('refuse', 4, async (proxy) => {
    await proxy.refuse()
    proxy.cut()
  }),
  {
    name: 'cut',
    weight: 10,
    play: async ({ proxies }) => proxies.forEach((proxy) => proxy.cut()),
  },
]

/** A fault that holds for a while, on all ways of the worker. */
function fault(
  name: string,
  weight: number,
  begin: (proxy: FaultProxy, random: Random) => void | Promise<void>,
): WorkerEvent {
  return {
    name,
    weight,
    async play({ proxies }, random, leaseMs) {
      for (const proxy of proxies) await begin(proxy, random)
      await pause(between(random, 200, 2 * leaseMs))
      for (const proxy of proxies) await proxy.heal()
    },
  }
}
