import { setTimeout as pause } from 'node:timers/promises'
import { between } from './between.ts'
import type { WorkerEvent } from './worker-event.ts'

/** What happens to the process of a worker. */
export const processEvents: readonly WorkerEvent[] = [
  { name: 'kill', weight: 20, play: (member) => member.kill() },
  { name: 'stop', weight: 10, play: (member) => member.stop() },
  freeze('freeze past the lease', { weight: 10, least: 1.2, most: 2 }),
  freeze('freeze', { weight: 5, least: 0.1, most: 0.9 }),
]

/** The process stands still for some part of its lease, or longer. */
function freeze(name: string, { weight, least, most }: { weight: number; least: number; most: number }): WorkerEvent {
  return {
    name,
    weight,
    async play(member, random, leaseMs) {
      member.freeze()
      await pause(between(random, least * leaseMs, most * leaseMs))
      member.thaw()
    },
  }
}
